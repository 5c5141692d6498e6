namespace LogBroker.Raft.Tests;

/// <summary>
/// The regression scripts of the replication specification, section 7: each is the shortest way to lose something by one broken rule.
/// That each fails when its rule is broken is shown by the planted tests.
/// </summary>
public sealed class RegressionScriptTests
{
    [Fact]
    public void TheShippedAssemblyHasNoSwitchForBugs()
    {
        System.Reflection.Assembly shipped = typeof(RaftCore).Assembly;
        Assert.Equal("LogBroker.Raft", shipped.GetName().Name);
        Assert.Null(shipped.GetType("LogBroker.Raft.PlantedBugs"));
        Assert.DoesNotContain("Planted", string.Join(' ', shipped.GetTypes().SelectMany(t => t.GetMembers()).Select(m => m.Name)));
    }

    [Fact]
    public void S1_AckBeforeLeaderFsync() => Script.Passes(nameof(S1_AckBeforeLeaderFsync));

    [Fact]
    public void S2_CountAppended() => Script.Passes(nameof(S2_CountAppended));

    [Fact]
    public void S3_CountWithoutRow() => Script.Passes(nameof(S3_CountWithoutRow));

    [Fact]
    public void S4_CountWithoutDurableRow() => Script.Passes(nameof(S4_CountWithoutDurableRow));

    [Fact]
    public void S4_CountWithoutDurableRow_WithARecord() => Script.Passes(nameof(S4_CountWithoutDurableRow_WithARecord));

    [Fact]
    public void S5_VoteIgnoresEmptyEpoch() => Script.Passes(nameof(S5_VoteIgnoresEmptyEpoch));

    [Fact]
    public void S6_VoteEndOnly() => Script.Passes(nameof(S6_VoteEndOnly));

    [Fact]
    public void S7_VoteNotDurable() => Script.Passes(nameof(S7_VoteNotDurable));

    [Fact]
    public void S8_ReleadSameEpoch() => Script.Passes(nameof(S8_ReleadSameEpoch));

    [Fact]
    public void S9_TruncateDropsEqualRows() => Script.Passes(nameof(S9_TruncateDropsEqualRows));

    [Fact]
    public void S10_TruncateKeepsEqualRows() => Script.Passes(nameof(S10_TruncateKeepsEqualRows));

    [Fact]
    public void S11_ResurrectTruncatedSuffix() => Script.Passes(nameof(S11_ResurrectTruncatedSuffix));

    [Fact]
    public void S12_HwFromDiverging() => Script.Passes(nameof(S12_HwFromDiverging));

    [Fact]
    public void S13_ResponseOffsetOnly() => Script.Passes(nameof(S13_ResponseOffsetOnly));

    [Fact]
    public void S14_DivergenceByEpochOnly() => Script.Passes(nameof(S14_DivergenceByEpochOnly));

    [Fact]
    public void S15_ProgressSurvivesElection() => Script.Passes(nameof(S15_ProgressSurvivesElection));

    [Fact]
    public void S16_StaleEpochFetch() => Script.Passes(nameof(S16_StaleEpochFetch));

    [Fact]
    public void S17_ResetKeepsOldRows() => Script.Passes(nameof(S17_ResetKeepsOldRows));

    [Fact]
    public void S18_ResetWithoutRestatedRow() => Script.Passes(nameof(S18_ResetWithoutRestatedRow));

    [Fact]
    public void S19_RestatesRowAtBase() => Script.Passes(nameof(S19_RestatesRowAtBase));

    [Fact]
    public void S20_CachedRowsTrusted() => Script.Passes(nameof(S20_CachedRowsTrusted));

    [Fact]
    public void S21_DurableAssumedAfterRestart() => Script.Passes(nameof(S21_DurableAssumedAfterRestart));

    [Fact]
    public void S22_HwNotClampedAtRecovery() => Script.Passes(nameof(S22_HwNotClampedAtRecovery));

    [Fact]
    public void S23_WipedVotesAtOnce() => Script.Passes(nameof(S23_WipedVotesAtOnce));

    [Fact]
    public void S24_WipedStaleQuorum() => Script.Passes(nameof(S24_WipedStaleQuorum));

    [Fact]
    public void S25_StaleDirCounted() => Script.Passes(nameof(S25_StaleDirCounted));

    [Fact]
    public void S26_VoteForOldDirectory() => Script.Passes(nameof(S26_VoteForOldDirectory));

    [Fact]
    public void S27_PauseAndPowerCut() => Script.Passes(nameof(S27_PauseAndPowerCut));

    [Fact]
    public void S28_LoneVoterReusesEpoch() => Script.Passes(nameof(S28_LoneVoterReusesEpoch));
}
