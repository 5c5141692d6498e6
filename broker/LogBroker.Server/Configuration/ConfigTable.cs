using System.Globalization;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Server;

/// <summary>Every configuration key of the broker, declared once. Order is the order of the documentation.</summary>
internal static class ConfigTable
{
    private const long DayMs = 24L * 3600 * 1000;

    public static readonly ConfigKey NodeId = new("Node:Id", ConfigType.Integer, "1",
        "The number of this node in its cluster. It is written into the data directory at the first start and must not change.")
    { Min = 1, Max = int.MaxValue, ShortFlag = "--node-id" };

    public static readonly ConfigKey NodeRack = new("Node:Rack", ConfigType.Text, "",
        "A name for the place of this node, told to clients.")
    { AllowsEmpty = true, Max = 255 };

    public static readonly ConfigKey NodeAdvertisedGrpc = new("Node:AdvertisedGrpc", ConfigType.Endpoint, "",
        "What clients are told to connect to. Empty: the address of Listen:Grpc, which must then be no wildcard.")
    { AllowsEmpty = true, ShortFlag = "--advertise" };

    public static readonly ConfigKey NodeStopTimeout = new("Node:StopTimeout", ConfigType.Duration, "5s",
        "At SIGTERM or Ctrl-C: how long calls in flight may take to finish before they are cancelled.")
    { Min = 0, Max = 300_000 };

    public static readonly ConfigKey ListenGrpc = new("Listen:Grpc", ConfigType.Endpoint, "127.0.0.1:7070",
        "Where gRPC is served (HTTP/2 without TLS). Port 0 takes a free one; the ready line says which.")
    { ShortFlag = "--grpc" };

    public static readonly ConfigKey ListenHttp = new("Listen:Http", ConfigType.Endpoint, "127.0.0.1:7080",
        "Where health and metrics are served (HTTP/1.1).")
    { ShortFlag = "--http" };

    public static readonly ConfigKey ListenPeer = new("Listen:Peer", ConfigType.Endpoint, "",
        "Where the other nodes of the cluster are accepted (HTTP/2 without TLS). Empty: the address of this node in Cluster:Peers. Without "
        + "Cluster:PeerSecretFile it must be loopback.")
    { AllowsEmpty = true, ShortFlag = "--peer" };

    public static readonly ConfigKey ListenInsecure = new("Listen:Insecure", ConfigType.Flag, "false",
        "Allows other addresses than loopback. There is no authentication and no encryption yet: whoever can connect can read, "
        + "write and delete everything.")
    { ShortFlag = "--insecure" };

    public static readonly ConfigKey ClusterPeers = new("Cluster:Peers", ConfigType.Text, "",
        "All nodes of the cluster, this one among them: ID@HOST:PEERPORT, with commas between them; the port is 7071 where none is given. "
        + "At most 9; an odd number, for a further one makes no failure more survivable. The same on every node. Empty: a node alone.")
    { AllowsEmpty = true, Max = 2048, ShortFlag = "--cluster", HelpName = "ID@HOST:PEERPORT,…" };

    public static readonly ConfigKey ClusterPeerSecretFile = new("Cluster:PeerSecretFile", ConfigType.Path, "",
        "A file with the secret that the nodes prove to each other, the same on every node: at least 16 bytes, white space around them "
        + "not counted, readable by nobody else. Without it all peer addresses must be loopback.")
    { AllowsEmpty = true, ShortFlag = "--peer-secret-file", HelpName = "FILE" };

    public static readonly ConfigKey DataDirectory = new("Storage:DataDirectory", ConfigType.Path, "./data",
        "Where everything is kept; made at the first start if its parent exists. One process at a time.")
    { ShortFlag = "--data-dir" };

    public static readonly ConfigKey SegmentBytes = Topic("Storage:SegmentBytes", ConfigType.Bytes, "segment.bytes");
    public static readonly ConfigKey SegmentAge = Topic("Storage:SegmentAge", ConfigType.Duration, "segment.ms");
    public static readonly ConfigKey IndexIntervalBytes = Topic("Storage:IndexIntervalBytes", ConfigType.Bytes, "index.interval.bytes");

    public static readonly ConfigKey CleanerInterval = new("Storage:CleanerInterval", ConfigType.Duration, "15s",
        "Time between two looks at which partitions of compacted topics are to be compacted.")
    { Min = 1, Max = int.MaxValue };

    public static readonly ConfigKey CleanerMemory = new("Storage:CleanerMemory", ConfigType.Bytes, "128MiB",
        "Memory for the keys of one compaction, 24 bytes per key: a partition with more keys is compacted in several passes.")
    { Min = 1024, Max = 1L << 34 };

    public static readonly ConfigKey CleanerRate = new("Storage:CleanerBytesPerSecond", ConfigType.Bytes, "0",
        "Bytes per second that compactions read and write at most. 0: no bound.")
    { Min = 0 };

    public static readonly ConfigKey DiskHeadroom = new("Storage:DiskHeadroom", ConfigType.Bytes, "0",
        "Room kept free on the disk: when it is reached, producers are refused with DISK_FULL, reads and retention go on, and service "
        + "resumes by itself. 0: a sixteenth of the disk, at most 1GiB.")
    { Min = 0 };

    public static readonly ConfigKey RetentionCheckInterval = new("Storage:RetentionCheckInterval", ConfigType.Duration, "1min",
        "Time between two looks at retention and the age of segments.")
    { Min = 1, Max = int.MaxValue };

    public static readonly ConfigKey PartitionLoops = new("Storage:PartitionLoops", ConfigType.Integer, "0",
        "Threads that run partitions; 0 means one per core.")
    { Max = 1024 };

    public static readonly ConfigKey FailureBackoff = new("Storage:FailureBackoff", ConfigType.Duration, "10s",
        "How long a start that fails for the disk waits before it exits, so that a supervisor that restarts at once does not spin.")
    { Min = 0, Max = 3_600_000 };

    public static readonly ConfigKey DiskLowWatermark = new("Storage:DiskLowWatermark", ConfigType.Percent, "10%",
        "Below this much free disk the node's status reports a problem.")
    { Min = 0, Max = 90 };

    public static readonly ConfigKey TopicPartitions = new("TopicDefaults:Partitions", ConfigType.Integer, "3",
        "Partitions of a topic that is created without a number.")
    { Min = 1, Max = Limits.PartitionsPerTopicMax };

    public static readonly ConfigKey TopicRetentionTime = Topic("TopicDefaults:RetentionTime", ConfigType.Duration, "retention.ms");
    public static readonly ConfigKey TopicRetentionBytes = Topic("TopicDefaults:RetentionBytes", ConfigType.Bytes, "retention.bytes");
    public static readonly ConfigKey TopicCleanupPolicy = Topic("TopicDefaults:CleanupPolicy", ConfigType.Text, "cleanup.policy");

    public static readonly ConfigKey TopicDeleteRetention =
        Topic("TopicDefaults:DeleteRetention", ConfigType.Duration, "delete.retention.ms");

    public static readonly ConfigKey TopicMinDirtyRatio =
        Topic("TopicDefaults:MinCleanableDirtyRatio", ConfigType.Text, "min.cleanable.dirty.ratio");

    public static readonly ConfigKey TopicMinCompactionLag =
        Topic("TopicDefaults:MinCompactionLag", ConfigType.Duration, "min.compaction.lag.ms");

    public static readonly ConfigKey TopicMaxCompactionLag =
        Topic("TopicDefaults:MaxCompactionLag", ConfigType.Duration, "max.compaction.lag.ms");

    public static readonly ConfigKey TopicTableTtl = Topic("TopicDefaults:TableTtl", ConfigType.Duration, "table.ttl.ms");

    public static readonly ConfigKey TopicMaxBatchBytes = Topic("TopicDefaults:MaxBatchBytes", ConfigType.Bytes, "max.message.bytes");

    public static readonly ConfigKey TopicTimestampType =
        Topic("TopicDefaults:TimestampType", ConfigType.Choice, "message.timestamp.type") with
        {
            Choices = ["CreateTime", "LogAppendTime"],
        };

    public static readonly ConfigKey TopicDurability =
        Topic("TopicDefaults:Durability", ConfigType.Choice, "durability") with { Choices = ["fsync", "memory"] };

    public static readonly ConfigKey GroupsOffsetsPartitions = new("Groups:OffsetsPartitions", ConfigType.Integer, "50",
        "Partitions of __consumer_offsets, which spread consumer groups over coordinators. Read when the topic is created, at the first "
        + "group.")
    { Min = 1, Max = Limits.PartitionsPerTopicMax };

    public static readonly ConfigKey GroupsOffsetsRetention = new("Groups:OffsetsRetention", ConfigType.Duration, "7d",
        "How long committed offsets are kept after their group lost its last member, or, without members, after the commit.")
    { Min = 60_000 };

    public static readonly ConfigKey GroupsMaxMembers = new("Groups:MaxMembers", ConfigType.Integer, "5000",
        "Members of one group; one more is answered with GROUP_FULL.")
    { Min = 1, Max = 100_000 };

    public static readonly ConfigKey MaxConnections = new("Limits:MaxConnections", ConfigType.Integer, "4096",
        "Open gRPC connections; one more is closed at once, and so is one that the limit of open files leaves no room for.")
    { Min = 1, Max = 1_000_000 };

    public static readonly ConfigKey MaxHttpConnections = new("Limits:MaxHttpConnections", ConfigType.Integer, "256",
        "Open connections to the health and metrics port; one more is closed at once.")
    { Min = 1, Max = 1_000_000 };

    public static readonly ConfigKey MaxCalls = new("Limits:MaxCalls", ConfigType.Integer, "4096",
        "gRPC calls that run at the same time; one more is answered with RESOURCE_EXHAUSTED.")
    { Min = 1, Max = 1_000_000 };

    public static readonly ConfigKey MaxStreamsPerConnection = new("Limits:MaxStreamsPerConnection", ConfigType.Integer, "100",
        "Calls at the same time on one connection.")
    { Min = 1, Max = 100_000 };

    public static readonly ConfigKey MaxRequestBytes = new("Limits:MaxRequestBytes", ConfigType.Bytes, "32832KiB",
        "The largest gRPC request message, refused from its length prefix. At least 64 KiB above the largest batch that a topic takes.")
    { Min = 64 * 1024, Max = Limits.RequestBytesMax };

    public static readonly ConfigKey MaxBatchesInFlight = new("Limits:MaxBatchesInFlight", ConfigType.Integer, "1024",
        "Batches of one produce stream that wait for their acknowledgement; one more is answered with BUSY.")
    { Min = 1, Max = Limits.BatchesInFlightPerStreamMax };

    public static readonly ConfigKey MaxBytesInFlight = new("Limits:MaxBytesInFlight", ConfigType.Bytes, "64MiB",
        "Bytes of one produce stream that wait for their acknowledgement; one batch more is answered with BUSY.")
    { Min = 1024 * 1024, Max = Limits.BytesInFlightPerStreamMax };

    public static readonly ConfigKey MaxBytesInFlightTotal = new("Limits:MaxBytesInFlightTotal", ConfigType.Bytes, "256MiB",
        "Bytes of batches of all producers that wait to be appended; one batch more is answered with BUSY.")
    { Min = Limits.BatchBytesMax };

    public static readonly ConfigKey MaxFetchWaiters = new("Limits:MaxFetchWaiters", ConfigType.Integer, "100000",
        "Fetches that wait for records; one more is answered with BUSY.")
    { Min = 1, Max = int.MaxValue };

    public static readonly ConfigKey ProducerExpiry = new("Limits:ProducerExpiry", ConfigType.Duration, "1d",
        "How long an idempotent producer that appends nothing is remembered.")
    { Min = 1 };

    public static readonly ConfigKey HandshakeTimeout = new("Limits:HandshakeTimeout", ConfigType.Duration, "5s",
        "Time for a new connection to show that it speaks the protocol of its port.")
    { Min = 100, Max = 60_000 };

    public static readonly ConfigKey MessageReadTimeout = new("Limits:MessageReadTimeout", ConfigType.Duration, "30s",
        "Time for a request message to arrive whole, from its first byte.")
    { Min = 100, Max = 3_600_000 };

    public static readonly ConfigKey StreamIdleTimeout = new("Limits:StreamIdleTimeout", ConfigType.Duration, "10min",
        "A produce stream from which nothing came for this long, not even a heartbeat, is ended.")
    { Min = 100, Max = DayMs };

    public static readonly ConfigKey HeartbeatInterval = new("Limits:HeartbeatInterval", ConfigType.Duration, "15s",
        "A produce or read stream on which the broker had nothing to say for this long gets a heartbeat.")
    { Min = 100, Max = 3_600_000 };

    public static readonly ConfigKey LogLevel = new("Logging:Level", ConfigType.Choice, "Information",
        "The least important messages that are logged.")
    { Choices = ["Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"] };

    public static readonly ConfigKey LogFormat = new("Logging:Format", ConfigType.Choice, "console",
        "How messages are written to stderr: lines for people, or one JSON object each.")
    { Choices = ["console", "json"] };

    public static readonly ConfigKey OtlpEndpoint = new("Telemetry:OtlpEndpoint", ConfigType.Url, "",
        "Where traces and metrics are sent by OTLP. Empty: the variable OTEL_EXPORTER_OTLP_ENDPOINT, and nowhere without it.")
    { AllowsEmpty = true };

    public static readonly ConfigKey OtlpProtocol = new("Telemetry:OtlpProtocol", ConfigType.Choice, "grpc",
        "How OTLP is spoken to that address.")
    { Choices = ["grpc", "http"] };

    public static readonly ConfigKey OtlpInterval = new("Telemetry:OtlpInterval", ConfigType.Duration, "15s",
        "How often metrics are sent.")
    { Min = 100, Max = 3_600_000 };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        NodeId, NodeRack, NodeAdvertisedGrpc, NodeStopTimeout,
        ListenGrpc, ListenHttp, ListenPeer, ListenInsecure,
        ClusterPeers, ClusterPeerSecretFile,
        DataDirectory, SegmentBytes, SegmentAge, IndexIntervalBytes, DiskHeadroom, DiskLowWatermark, FailureBackoff,
        RetentionCheckInterval, CleanerInterval, CleanerMemory, CleanerRate, PartitionLoops,
        TopicPartitions, TopicRetentionTime, TopicRetentionBytes, TopicCleanupPolicy, TopicDeleteRetention, TopicMinDirtyRatio,
        TopicMinCompactionLag, TopicMaxCompactionLag, TopicTableTtl, TopicMaxBatchBytes, TopicTimestampType, TopicDurability,
        GroupsOffsetsPartitions, GroupsOffsetsRetention, GroupsMaxMembers,
        MaxConnections, MaxHttpConnections, MaxCalls, MaxStreamsPerConnection, MaxRequestBytes, MaxBatchesInFlight, MaxBytesInFlight,
        MaxBytesInFlightTotal, MaxFetchWaiters, ProducerExpiry,
        HandshakeTimeout, MessageReadTimeout, StreamIdleTimeout, HeartbeatInterval,
        LogLevel, LogFormat, OtlpEndpoint, OtlpProtocol, OtlpInterval,
    ];

    /// <summary>The key of this name in any case, also by the topic key under <c>TopicDefaults:</c>; null when there is none.</summary>
    public static ConfigKey? Find(string name) =>
        All.FirstOrDefault(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
            || (key.TopicKey is not null && name.Equals("TopicDefaults:" + key.TopicKey, StringComparison.OrdinalIgnoreCase)));

    /// <summary>The default of a topic's key: documentation, range and default are that key's own.</summary>
    private static ConfigKey Topic(string name, ConfigType type, string topicKey)
    {
        var key = TopicConfigKeys.Find(topicKey) ?? throw new InvalidOperationException($"no topic key {topicKey}");
        string shown = key.Show(new TopicConfig());
        shown = type switch
        {
            ConfigType.Bytes => UnitText.OfBytes(long.Parse(shown, CultureInfo.InvariantCulture)),
            ConfigType.Duration => UnitText.OfMilliseconds(long.Parse(shown, CultureInfo.InvariantCulture)),
            _ => shown,
        };
        return new ConfigKey(name, type, shown, key.Documentation) { TopicKey = topicKey };
    }
}
