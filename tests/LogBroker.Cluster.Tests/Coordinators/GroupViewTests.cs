using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>The view of a coordinator: what a start reads, and what a crash leaves.</summary>
public sealed class GroupViewTests
{
    private const string Group = "readers";

    [Fact]
    public async Task StartReadsOnlyWhatIsBehindTheView()
    {
        await using TestBroker broker = await TestBroker.Open(with: GroupTester.FewPartitions);
        await broker.Create("t");
        await broker.ProduceOk("t", 0, GroupTester.Records(10));
        await broker.Broker.Groups.Coordinate(Group);
        for (int i = 0; i < 10; i++)
        {
            await broker.Broker.Groups.CommitOk(Group, "t", 0, i);
        }

        Tend(broker);
        await Trim(broker); // nothing is left to read: what is known is in the view
        await broker.Restart();
        broker.Pump(); // coordinators have read
        Assert.Equal(9, await broker.Broker.Groups.Committed(Group, "t", 0));
        await broker.Broker.Groups.CommitOk(Group, "t", 0, 3);
        await broker.Crash(LossMode.LoseUnsynced);
        broker.Pump(); // coordinators have read
        Assert.Equal(3, await broker.Broker.Groups.Committed(Group, "t", 0));
    }

    [Fact]
    public async Task CoordinatorThatReadsSaysSo()
    {
        await using TestBroker broker = await TestBroker.Open(with: GroupTester.FewPartitions);
        await broker.Create("t");
        await broker.ProduceOk("t", 0, GroupTester.Records(10));
        await broker.Broker.Groups.Coordinate(Group);
        for (int i = 0; i < 60; i++)
        {
            // Several segments, and so several steps.
            Assert.Null(await broker.Broker.Groups.Commit(Group, "t", 0, 5, new string('m', 4_000)));
        }

        await broker.Restart();
        GroupCoordinator coordinator = broker.Broker.Coordinators.ElementAt(GroupIds.PartitionOf(Group, 2));
        BrokerError? early = null;
        coordinator.Fetch(Group, null, stored => early = stored.Error);
        broker.Pump();
        Assert.Equal(ErrorCode.CoordinatorLoading, early?.Code);
        Assert.Equal(5, await broker.Broker.Groups.Committed(Group, "t", 0));
    }

    [Fact]
    public async Task ViewOfLongAgoIsReadAnew()
    {
        await using TestBroker broker = await TestBroker.Open(with: GroupTester.FewPartitions);
        await broker.Create("t");
        await broker.ProduceOk("t", 0, GroupTester.Records(10));
        await broker.Broker.Groups.Coordinate(Group);
        await broker.Broker.Groups.CommitOk(Group, "t", 0, 5);
        Tend(broker);
        await broker.Broker.Groups.CommitOk(Group, "t", 0, 6);
        await broker.Broker.StopAsync(CancellationToken.None);
        broker.Time.Advance(TimeSpan.FromHours(13));
        await broker.Open();
        broker.Pump(); // coordinators have read
        Assert.Equal(6, await broker.Broker.Groups.Committed(Group, "t", 0));
    }

    [Theory]
    [InlineData(LossMode.KeepAll)]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public async Task NoCrashLosesWhatWasAnswered(LossMode mode)
    {
        var whole = new Life();
        Assert.True(await whole.Run(null));
        Assert.InRange(whole.Operations, 50, 2_000);
        for (long at = 1; at <= whole.Operations; at++)
        {
            var life = new Life();
            Assert.False(await life.Run(at));
            try
            {
                await life.RecoverAndCheck(mode, (int)at);
            }
            catch (Exception e)
            {
                Assert.Fail($"{mode}, crash at operation {at} of {whole.Operations}: {e}");
            }
        }
    }

    private static void Tend(TestBroker broker)
    {
        for (int i = 0; i < 3; i++)
        {
            broker.Time.Advance(TimeSpan.FromSeconds(1));
            broker.Pump();
        }
    }

    private static async Task Trim(TestBroker broker)
    {
        foreach (HostedPartition partition in broker.Broker.Hosted.Find(OffsetsTopic.Name)!.Partitions)
        {
            Task<Result<Offset>> trimmed = partition.Replica!.DeleteRecords(Offset.None, validateOnly: false);
            broker.Pump();
            Assert.True((await trimmed).IsOk);
        }
    }

    /// <summary>Commits, a deletion, a member that comes and goes, a view that follows; with notes of what was answered.</summary>
    private sealed class Life
    {
        private readonly TestBroker _broker = TestBroker.New();
        private readonly Dictionary<string, (long Answered, long Begun)> _offsets = [];
        private bool _deleteBegun;
        private bool _deleteDone;

        public long Operations => _broker.Machine.Operations;

        public async Task<bool> Run(long? crashAt)
        {
            _broker.Settings = GroupTester.FewPartitions(_broker.Settings);
            _broker.Machine.CrashAt = crashAt;
            try
            {
                await Live();
                return true;
            }
            catch (SimulatedCrashException)
            {
                return false;
            }
        }

        public async Task RecoverAndCheck(LossMode mode, int seed)
        {
            await _broker.Crash(mode, seed);
            _broker.Pump(); // coordinators have read
            if (_broker.Broker.Topics.Find(OffsetsTopic.Name) is null)
            {
                Assert.DoesNotContain(_offsets, o => o.Value.Answered >= 0);
                return;
            }

            foreach ((string group, (long answered, long begun)) in _offsets)
            {
                long found = await _broker.Broker.Groups.Committed(group, "t", 0);
                bool mayBeGone = group == "gone" && _deleteBegun;
                bool mustBeGone = group == "gone" && _deleteDone;
                Assert.True(
                    mustBeGone ? found == -1 : (mayBeGone && found == -1) || (found >= answered && found <= begun),
                    $"{group}: {found} is committed, {answered} was answered, {begun} was begun");
            }

            if (_broker.Broker.Topics.Find("t") is not null)
            {
                await _broker.Broker.Groups.Coordinate("after");
                await _broker.Broker.Groups.CommitOk("after", "t", 0, 0);
            }

            Assert.Null(_broker.Fatal.Cause);
            await _broker.Broker.StopAsync(CancellationToken.None);
        }

        private async Task Live()
        {
            await _broker.Open();
            await _broker.Create("t");
            await _broker.ProduceOk("t", 0, GroupTester.Records(10));
            await _broker.Broker.Groups.Coordinate("a");
            await Commit("a", 1);
            await Commit("gone", 2);
            Tend(_broker);
            await Commit("a", 3);
            await Commit("b", 4);
            TestMember member = new TestMember(_broker.Broker.Groups, "with-members", "m").Join("t");
            _broker.Pump();
            Assert.Equal("t/0", member.Ear.Holds);
            Assert.Null(await member.Leave());
            await _broker.Restart();
            _broker.Pump(); // coordinators have read
            await Commit("b", 5);
            _deleteBegun = true;
            Assert.Null(await _broker.Broker.Groups.Delete("gone", false, CancellationToken.None));
            _deleteDone = true;
            Tend(_broker);
            await Commit("a", 6);
            await _broker.Broker.StopAsync(CancellationToken.None);
        }

        private async Task Commit(string group, long offset)
        {
            long answered = _offsets.GetValueOrDefault(group, (-1, -1)).Item1;
            _offsets[group] = (answered, offset);
            await _broker.Broker.Groups.CommitOk(group, "t", 0, offset);
            _offsets[group] = (offset, offset);
        }
    }
}
