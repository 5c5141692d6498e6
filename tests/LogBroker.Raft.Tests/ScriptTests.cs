namespace LogBroker.Raft.Tests;

/// <summary>Scenarios with pinned transcripts: what is sent, stored and counted, step by step.</summary>
public sealed class ScriptTests
{
    public static TheoryData<string> Scripts =>
        [.. Directory.GetFiles(Path.GetDirectoryName(Script.PathOf("x"))!, "*.txt")
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Where(f => !char.IsAsciiDigit(f[1]))
            .Order()];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void TheTranscriptIsAsPinned(string script) => Script.Passes(script);
}
