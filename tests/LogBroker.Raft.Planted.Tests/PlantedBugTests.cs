using LogBroker.Raft.Tests;

namespace LogBroker.Raft.Planted.Tests;

/// <summary>
/// Each regression script fails when its rule is broken, by the invariant that the specification names, or by one that stands in front
/// of it: these tests look at every step and at more than the search did.
/// </summary>
public sealed class PlantedBugTests
{
    public static TheoryData<int, string, string> Scripts => new()
    {
        { 1, "S1_AckBeforeLeaderFsync", "CommittedIsDurable" },
        { 2, "S2_CountAppended", "CommittedRowIsDurable" },
        { 3, "S3_CountWithoutRow", "CommittedRowIsDurable" },
        { 4, "S4_CountWithoutDurableRow", "CommittedRowIsDurable" },
        { 4, "S4_CountWithoutDurableRow_WithARecord", "LeaderCompleteness" },
        { 5, "S5_VoteIgnoresEmptyEpoch", "LeaderCompleteness" },
        { 6, "S6_VoteEndOnly", "LeaderCompleteness" },
        { 7, "S7_VoteNotDurable", "OneLeaderPerEpoch" },
        { 8, "S8_ReleadSameEpoch", "OneLeaderPerEpoch" },
        { 9, "S9_TruncateDropsEqualRows", "CommittedRowIsDurable" },
        { 10, "S10_TruncateKeepsEqualRows", "cut < AppendedPosition" },
        { 11, "S11_ResurrectTruncatedSuffix", "CommittedIsDurable" },
        { 12, "S12_HwFromDiverging", "HighWatermark (1) <= cut.Offset (0)" },
        { 13, "S13_ResponseOffsetOnly", "HighWatermark (1) <= cut.Offset (0)" },
        { 14, "S14_DivergenceByEpochOnly", "ExposedIsCommitted" },
        { 15, "S15_ProgressSurvivesElection", "CommittedRowIsDurable" },
        { 16, "S16_StaleEpochFetch", "CommittedRowIsDurable" },
        { 17, "S17_ResetKeepsOldRows", "StampAgreesWithTable" },
        { 18, "S18_ResetWithoutRestatedRow", "StampAgreesWithTable" },
        { 19, "S19_RestatesRowAtBase", "Table.First.Epoch (2) <= target.Epoch (1)" },
        { 20, "S20_CachedRowsTrusted", "Table.LastStart (1) <= recovered.End (0)" },
        { 21, "S21_DurableAssumedAfterRestart", "DurableIsPrefix" },
        { 22, "S22_HwNotClampedAtRecovery", "HighWatermark (1) <= End (0)" },
        { 23, "S23_WipedVotesAtOnce", "OneLeaderPerEpoch" },
        { 24, "S24_WipedStaleQuorum", "OneLeaderPerEpoch" },
        { 25, "S25_StaleDirCounted", "CommittedIsDurable" },
        { 26, "S26_VoteForOldDirectory", "LeaderCompleteness" },
        { 2, "S27_PauseAndPowerCut", "CommittedRowIsDurable" },
        { 28, "S28_LoneVoterReusesEpoch", "OneLeaderPerEpoch" },
    };

    public static TheoryData<string> AllScripts =>
        [.. Directory.GetFiles(Path.GetDirectoryName(Script.PathOf("S1"))!, "S*.txt")
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Order()];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void IsCaught(int bug, string script, string by)
    {
        PlantedBugs.Present = bug;
        try
        {
            Exception? e = Record.Exception(() => Script.Runs(script));
            Assert.NotNull(e);
            Assert.Contains(by, e.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            PlantedBugs.Present = 0;
        }
    }

    /// <summary>What is named here is what a test of LogBroker.Raft.Tests finds missing in the shipped assembly.</summary>
    [Fact]
    public void TheSwitchIsInThisAssembly() => Assert.NotNull(typeof(RaftCore).Assembly.GetType("LogBroker.Raft.PlantedBugs"));

    [Theory]
    [MemberData(nameof(AllScripts))]
    public void PassesWithoutTheBug(string script) => Script.Runs(script);
}
