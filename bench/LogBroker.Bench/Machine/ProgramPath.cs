namespace LogBroker.Bench.Machine;

/// <summary>Where a program is.</summary>
internal static class ProgramPath
{
    /// <summary>The first file of this name in the directories of PATH, or null.</summary>
    public static string? Find(string program) =>
        Find(program, Environment.GetEnvironmentVariable("PATH") ?? "");

    internal static string? Find(string program, string path) => path
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(d => Path.Combine(d, program))
        .FirstOrDefault(File.Exists);
}
