using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Peers.Tests;

/// <summary>One of each message.</summary>
internal static class PeerSamples
{
    public static readonly PartitionId Partition = new(new TopicId(Guid.Parse("11112222-3333-4444-5555-666677778888")), 3);
    public static readonly DirectoryId Directory = new(Guid.Parse("aaaabbbb-cccc-dddd-eeee-ffff00001111"));

    private static readonly Epoch Seven = new(7);

    public static PartitionMessage Fetch { get; } = Of(new FetchRequest(
        Seven, new LogPosition(Seven, new Offset(300)), new LogPosition(new Epoch(6), new Offset(290)), new Offset(280), 12,
        IsReadmitted: true, WantsItems: true));

    public static PartitionMessage Vote { get; } =
        Of(new VoteRequest(Seven, new LogPosition(Seven, new Offset(300)), IsPreVote: true, IsReadmitted: true));

    public static PartitionMessage VoteResult { get; } =
        Of(new VoteResult(Seven, new Epoch(8), IsGranted: true, IsPreVote: true, new NodeId(2), Directory));

    public static IEnumerable<PeerMessage> Questions { get; } =
    [
        Fetch,
        Of(new FetchRequest(Epoch.None, default, default, Offset.Zero, 0, false, false)),
        Vote,
        Of(new BeginEpoch(Seven)),
        Of(new EndEpoch(Seven, [new NodeId(3), new NodeId(1)])),
        new Heartbeat(5, new BootId(Guid.NewGuid()), 4, ulong.MaxValue, 9, true),
        new Heartbeat(1, default, 0, 0, 0, false),
        new LedPartitions([new LedPartition(Partition, Seven), new LedPartition(Partition with { Index = 0 }, new Epoch(1))]),
        new LedPartitions([]),
        new LedPartitionsAsked(),
        new FormingAsked(),
        new OffsetsTopicAsked(),
        new FormingAnswered(true, null),
        new FormingAnswered(false, new ClusterId(Guid.NewGuid())),
        new ClusterOffered(
            new ClusterId(Guid.NewGuid()), [new FormedVoter(new NodeId(1), Directory), new FormedVoter(new NodeId(2), Directory)]),
        new NodeRegistration(new NodeRecord(new NodeId(2), Directory, "host:7070", "host:7071", "räck", "1.2")),
    ];

    public static IEnumerable<PeerMessage> Answers { get; } =
    [
        VoteResult,
        Answer(null),
        Of(new FetchResult(Seven, FetchOutcome.Diverging, default, Directory, new LogPosition(Seven, new Offset(9)), 1, Offset.Zero,
            new Offset(4), Readmit: true, new NodeId(2))),
        Of(new FetchResult(Seven, FetchOutcome.Reset, default, Directory, new LogPosition(Seven, new Offset(9)), 1, Offset.Zero,
            new Offset(4), Readmit: false, new NodeId(2))),
        Of(new FetchResult(Seven, FetchOutcome.NotLeader, default, Directory, default, 0, Offset.Zero, Offset.Zero, false, NodeId.None)),
    ];

    public static PartitionMessage Answer(LogSlice? items) => Of(new FetchResult(
        Seven, FetchOutcome.Items, new LogPosition(Seven, new Offset(300)), Directory, default, 12, new Offset(299), new Offset(4), false,
        new NodeId(2))) with
    { Items = items };

    /// <summary>Equal also where records hold lists.</summary>
    public static void Same(PeerMessage expected, PeerMessage actual)
    {
        switch (expected)
        {
            case LedPartitions led:
                Assert.Equal(led.Partitions, Assert.IsType<LedPartitions>(actual).Partitions);
                break;
            case ClusterOffered offered:
                Assert.Equal(offered.Cluster, Assert.IsType<ClusterOffered>(actual).Cluster);
                Assert.Equal(offered.FormedWith, ((ClusterOffered)actual).FormedWith);
                break;
            case PartitionMessage { Message: EndEpoch end } partition:
                var other = Assert.IsType<EndEpoch>(Assert.IsType<PartitionMessage>(actual).Message);
                Assert.Equal((partition.Partition, end.Epoch), (((PartitionMessage)actual).Partition, other.Epoch));
                Assert.Equal(end.Successors, other.Successors);
                break;
            default:
                Assert.Equal(expected, actual);
                break;
        }
    }

    private static PartitionMessage Of(RaftMessage message) => new(Partition, Directory, message);
}
