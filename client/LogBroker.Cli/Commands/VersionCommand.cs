using System.Reflection;
using System.Runtime.InteropServices;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>version</c>, which asks nobody and loads next to nothing.</summary>
internal static class VersionCommand
{
    /// <summary>The version of this program.</summary>
    public static string Version { get; } =
        (typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0")
            .Split('+')[0];

    /// <summary>The command.</summary>
    public static CliCommand Create() => new("version", "Show the version of this program.")
    {
        Examples = [("version", ""), ("version -o json | jq -r .version", "")],
        Details = "The version of the broker is in: logbroker cluster status",
        Run = (context, _) =>
        {
            if (context.HasOutputFormat)
            {
                context.Output.Single(new OutputRecord
                {
                    { "version", Version },
                    { "runtime", RuntimeInformation.FrameworkDescription },
                    { "platform", RuntimeInformation.RuntimeIdentifier },
                });
            }
            else
            {
                WriteLine(context.Host);
            }

            return Task.FromResult(ExitCode.Ok);
        },
    };

    /// <summary>The version in one line on stdout.</summary>
    public static void WriteLine(CliHost host)
    {
        host.Stdout.Write(System.Text.Encoding.UTF8.GetBytes($"logbroker {Version}\n"));
        host.Stdout.Flush();
    }
}
