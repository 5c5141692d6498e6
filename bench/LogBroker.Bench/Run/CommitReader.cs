using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>Which commit this program was built from, as far as the tree around it says.</summary>
internal static class CommitReader
{
    public const string Unknown = "unknown";

    /// <summary>
    /// The short id, with <c>-dirty</c> when tracked files were changed; <see cref="Unknown"/> without git or outside of a tree.
    /// </summary>
    public static async Task<string> ReadAsync(string directory, IProcessStarter processes, CancellationToken cancellationToken)
    {
        try
        {
            FinishedProcess id = await processes.RunAsync(
                "git", ["-C", directory, "rev-parse", "--short", "HEAD"], null, cancellationToken);
            FinishedProcess changes = await processes.RunAsync(
                "git", ["-C", directory, "status", "--porcelain", "--untracked-files=no"], null, cancellationToken);
            return id.StandardOutput.Trim() + (changes.StandardOutput.Trim().Length > 0 ? "-dirty" : "");
        }
        catch (BenchException)
        {
            return Unknown;
        }
    }
}
