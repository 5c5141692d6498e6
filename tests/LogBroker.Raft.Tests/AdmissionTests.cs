using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>Who may change the epoch, what is too much to be true, and what is nonsense (R1, R25; bad input, row 46).</summary>
public sealed class AdmissionTests
{
    private static readonly NodeId A = new(1);
    private static readonly NodeId B = new(2);
    private static readonly NodeId C = new(3);
    private static readonly NodeId Stranger = new(9);

    public static TheoryData<string> Kinds => ["vote", "ask", "reply", "begin", "end", "fetch"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Row46_AnEpochThatJumpsImplausiblyIsRefused(string kind)
    {
        RaftCore core = Core(A);
        core.Receive(From(B), Message(kind, new Epoch(int.MaxValue)));
        core.Receive(From(B), Message(kind, new Epoch(1_000_001)));
        Assert.Equal(2, core.ImplausibleEpochs);
        Assert.True(core.TakeReady().IsEmpty);
        core.LeaderHeard(B, new Epoch(int.MaxValue));
        Assert.Equal(3, core.ImplausibleEpochs);
        Assert.Equal(Epoch.None, core.Epoch);
    }

    [Fact]
    public void Row46_AResultWithAnImplausibleEpochIsRefused()
    {
        RaftCore core = Core(A);
        Assert.False(core.Receive(From(B), Result(new Epoch(int.MaxValue))));
        Assert.Equal((1, Epoch.None), (core.ImplausibleEpochs, core.Epoch));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void R1_AVoterMovesTheEpochButForPreVotes(string kind)
    {
        RaftCore core = Core(A);
        core.Receive(From(B), Message(kind, new Epoch(5)));
        Assert.Equal(kind == "ask" ? Epoch.None : new Epoch(5), core.Epoch);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AStrangerNeverMovesTheEpoch(string kind)
    {
        RaftCore core = Core(A);
        core.Receive(From(Stranger), Message(kind, new Epoch(5)));
        core.LeaderHeard(Stranger, new Epoch(5));
        Assert.False(core.Receive(From(Stranger), Result(new Epoch(5))));
        Assert.Equal(Epoch.None, core.Epoch);
        IReadOnlyList<RaftEnvelope> messages = core.TakeReady().Messages;
        Assert.Equal(kind == "fetch" ? 1 : 0, messages.Count); // R14: an observer is told who leads, if anybody does
    }

    [Fact]
    public void TheOwnEchoIsNotHeard()
    {
        RaftCore core = Core(A);
        core.Receive(From(A), Message("begin", new Epoch(5)));
        core.LeaderHeard(A, new Epoch(5));
        Assert.True(core.TakeReady().IsEmpty);
    }

    [Fact]
    public void ASecondLeaderOfAnEpochIsABreachAndIgnored()
    {
        RaftCore core = Core(A);
        core.Receive(From(B), new BeginEpoch(new Epoch(2)));
        core.Receive(From(C), new BeginEpoch(new Epoch(2)));
        core.LeaderHeard(C, new Epoch(2));
        core.Receive(From(C), new EndEpoch(new Epoch(2), [A]));
        Assert.Equal((3L, B, new Epoch(2)), (core.Breaches, core.Leader, core.Epoch));
    }

    [Fact]
    public void AFetchThatContradictsItselfIsABreach()
    {
        World world = World.Of(new Epoch(1), "1", "1", "1");
        new Verbs(world).Do(["elect", "A", "with", "B"]);
        RaftCore core = world["A"].Core;
        var at = new LogPosition(new Epoch(1), new Offset(1));
        core.Receive(From(C), new FetchRequest(new Epoch(2), LogPosition.Zero, at, default, 0, true, true));
        core.Receive(From(C), new FetchRequest(new Epoch(2), at, at, default, SeenRound: 5, true, true));
        Assert.Equal(2, core.Breaches);
        Assert.All(core.Peers, p => Assert.Null(p.Counted));
    }

    [Fact]
    public void ObserversAreLimited()
    {
        World world = World.Of(new Epoch(1), "1", "1", "1");
        new Verbs(world).Do(["elect", "A", "with", "B"]);
        RaftCore core = world["A"].Core;
        for (int node = 100; node < 300; node++)
        {
            core.Receive(new RaftSender(new NodeId(node), default), Message("fetch", new Epoch(2)));
        }

        Assert.InRange(core.Peers.Count, 3, 70);
        core.PeerLost(new NodeId(100));
        Assert.DoesNotContain(core.Peers, p => p.Voter == new NodeId(100));
        Assert.Equal([B, C], core.Peers.Take(2).Select(p => p.Voter));
    }

    [Fact]
    public void R18_TheSuccessorGivenIsNamedFirstThenTheBest()
    {
        World world = World.Of(new Epoch(1), "1", "1", "1", "1");
        var verbs = new Verbs(world);
        verbs.Do(["elect", "A", "with", "B", "C"]);
        verbs.Do(["stabilize"]);
        verbs.Do(["crash", "B"]);
        verbs.Do(["propose", "A", "r1"]);
        verbs.Do(["stabilize"]);
        RaftCore core = world["A"].Core;
        Assert.Equal(C, core.CaughtUpPeer);
        Assert.False(core.IsCaughtUp(B));
        Assert.True(core.IsCaughtUp(new NodeId(4)));
        core.Resign(new NodeId(4));
        var end = (EndEpoch)core.TakeReady().Messages[0].Message;
        Assert.Equal([new NodeId(4), C, B], end.Successors);
    }

    [Fact]
    public void TimeoutsAreWithinTheirBoundsAndDifferBySeed()
    {
        var timeouts = new HashSet<int>();
        for (ulong seed = 1; seed <= 200; seed++)
        {
            RaftCore core = Core(A, seed);
            int ticks = 0;
            while (core.TakeReady().Messages.Count == 0)
            {
                core.Tick(new RaftTick(false, 1));
                ticks++;
            }

            Assert.InRange(ticks, 12, 24);
            timeouts.Add(ticks);
        }

        Assert.Equal(13, timeouts.Count);
    }

    [Fact]
    public void TicksThatAreNotNeededChangeNothing()
    {
        World world = World.Of(new Epoch(1), "1", "1", "1");
        var verbs = new Verbs(world);
        verbs.Do(["elect", "A", "with", "B"]);
        verbs.Do(["stabilize"]);
        verbs.Do(["tick", "B", "heard"]);
        foreach (Replica replica in world.Replicas)
        {
            Assert.False(replica.Core.NeedsTick);
            Assert.True(replica.Core.TakeReady().IsEmpty);
            for (int i = 0; i < 100; i++)
            {
                replica.Core.Tick(new RaftTick(IsLeaderHeard: true, VotersHeard: 3));
            }

            Assert.True(replica.Core.TakeReady().IsEmpty);
            Assert.False(replica.Core.NeedsTick);
        }
    }

    private static RaftSender From(NodeId node) => new(node, Replica.DirectoryOf(node, 1));

    private static RaftMessage Message(string kind, Epoch epoch) => kind switch
    {
        "vote" or "ask" => new VoteRequest(epoch, LogPosition.Zero, kind == "ask", true),
        "reply" => new VoteResult(epoch, epoch, false, false, NodeId.None, Replica.DirectoryOf(A, 1)),
        "begin" => new BeginEpoch(epoch),
        "end" => new EndEpoch(epoch, [B]),
        _ => new FetchRequest(epoch, LogPosition.Zero, LogPosition.Zero, default, 0, true, true),
    };

    private static FetchResult Result(Epoch epoch) => new(
        epoch, FetchOutcome.Items, default, Replica.DirectoryOf(A, 1), default, 0, default, default, false, B);

    private static RaftCore Core(NodeId self, ulong seed = 1) => new(
        new RaftConfig(self, Replica.DirectoryOf(self, 1), [A, B, C], true) { Seed = seed },
        new RecoveredReplica(null, [new EpochRow(Epoch.None, default)], default, default, default));
}
