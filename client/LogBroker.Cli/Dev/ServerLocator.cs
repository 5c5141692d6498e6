using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>Finds logbrokerd: said, beside this program, on the path, or in the build output of a checkout around it.</summary>
internal static class ServerLocator
{
    private const string Name = "logbrokerd";

    /// <summary>The command that runs it: the program, or <c>dotnet</c> and its assembly.</summary>
    /// <param name="option">What <c>--server-path</c> says: the file, or a directory with it.</param>
    /// <param name="environment">Environment variables.</param>
    /// <param name="ownDirectory">Where this program is.</param>
    /// <exception cref="CliException">It is nowhere; the message says all places.</exception>
    public static IReadOnlyList<string> Find(string? option, Func<string, string?> environment, string ownDirectory)
    {
        if (option is not null)
        {
            return At(option) ?? throw CliException.Usage($"--server-path: {option} is no {Name}, and no directory with one");
        }

        if (environment("LOGBROKERD") is { Length: > 0 } variable)
        {
            return At(variable) ?? throw CliException.Usage($"LOGBROKERD: {variable} is no {Name}, and no directory with one");
        }

        IEnumerable<string> path = (environment("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return path.Prepend(ownDirectory).Concat(BuildOutputs(ownDirectory)).Select(In).OfType<IReadOnlyList<string>>().FirstOrDefault()
            ?? throw new CliException(
                ExitCode.NotFound,
                $"{Name} was not found: not beside this program ({ownDirectory}), not on the PATH, and in no "
                    + $"broker/LogBroker.Server/bin/{{Release,Debug}}/net10.0 above it",
                "say where it is with --server-path FILE or the variable LOGBROKERD; in a checkout: dotnet build broker/LogBroker.Server");
    }

    private static IReadOnlyList<string>? At(string place) =>
        Directory.Exists(place) ? In(place) : File.Exists(place) ? Command(Path.GetFullPath(place)) : null;

    private static IReadOnlyList<string>? In(string directory)
    {
        string program = Path.Combine(directory, Name);
        return File.Exists(program) ? Command(program) : File.Exists(program + ".dll") ? Command(program + ".dll") : null;
    }

    private static IReadOnlyList<string> Command(string file) =>
        file.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? [DotnetPath, Path.GetFullPath(file)] : [Path.GetFullPath(file)];

    /// <summary>The one that runs this program, when one does.</summary>
    private static string DotnetPath =>
        Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet";

    private static IEnumerable<string> BuildOutputs(string ownDirectory)
    {
        for (var at = new DirectoryInfo(ownDirectory); at is not null; at = at.Parent)
        {
            foreach (string configuration in (string[])["Release", "Debug"])
            {
                yield return Path.Combine(at.FullName, "broker", "LogBroker.Server", "bin", configuration, "net10.0");
            }
        }
    }
}
