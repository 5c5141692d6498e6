namespace LogBroker.Raft.Tests;

/// <summary>
/// A scenario as text: a command per line, below it, indented, what came of it. Commands are run against a <see cref="World"/>, whose
/// invariants are checked after each; the whole transcript is pinned. With LOGBROKER_REWRITE=1 a run writes the transcript down
/// instead: commit only differences that you understand.
/// </summary>
internal sealed class Script
{
    private readonly Verbs _verbs = new();

    /// <summary>Runs the script of this name and compares its transcript.</summary>
    public static void Passes(string name)
    {
        string path = PathOf(name);
        string[] lines = File.ReadAllLines(path);
        string transcript = new Script().Run(lines);
        if (Environment.GetEnvironmentVariable("LOGBROKER_REWRITE") == "1")
        {
            File.WriteAllText(path, transcript);
            return;
        }

        Assert.Equal(string.Join('\n', lines) + "\n", transcript);
    }

    /// <summary>Runs only the commands of the script, for what they expect and for the invariants.</summary>
    public static void Runs(string name) => new Script().Run(File.ReadAllLines(PathOf(name)));

    public static string PathOf(string name) => Path.Combine(FindScripts(), name + ".txt");

    private static string FindScripts()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string scripts = Path.Combine(at.FullName, "tests", "LogBroker.Raft.Tests", "Scripts");
            if (Directory.Exists(scripts))
            {
                return scripts;
            }
        }

        throw new DirectoryNotFoundException("tests/LogBroker.Raft.Tests/Scripts");
    }

    private string Run(string[] lines)
    {
        var transcript = new List<string>();
        foreach (string line in lines.Where(l => !l.StartsWith("  ", StringComparison.Ordinal)))
        {
            transcript.Add(line);
            string command = line.Split('#')[0].Trim();
            if (command.Length == 0)
            {
                continue;
            }

            try
            {
                _verbs.Do(command.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
            catch (Exception e) when (e is not Xunit.Sdk.IAssertionException)
            {
                throw new InvalidOperationException($"at \"{line}\": {e.Message}", e);
            }

            transcript.AddRange(_verbs.World?.TakeNotes().Select(n => "  " + n) ?? []);
        }

        return string.Join('\n', transcript) + "\n";
    }
}
