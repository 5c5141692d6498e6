using LogBroker.Protocol;
using LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace LogBroker.Cluster;

/// <summary>
/// A broker in this process: partitions on a disk, topics out of the metadata log, and the way in and out (<see cref="IBroker"/>).
/// Opened by one of the <c>OpenAsync</c>, ended by <see cref="StopAsync"/>. Thread-safe.
/// Failure policy: a damaged partition is quarantined and the others serve; a full disk refuses producers and nothing else; any
/// other failed write or sync ends the process through <see cref="IFatalFailure"/>, and nothing is acknowledged after it.
/// Ownership: topics change under one lock and are published whole; each partition belongs to its loop.
/// </summary>
public sealed partial class Broker : IBroker, IAsyncDisposable
{
    private readonly ReplicaEnvironment _env;
    private readonly IBrokerThreads _threads;
    private readonly DataDirectory _directory;
    private readonly IStateStore? _ownedState;
    private readonly StorageMetrics _storageMetrics;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _changes = new(1, 1);
    private HostedTopics _hosted = HostedTopics.None;
    private volatile MetadataLog? _metadata;
    private readonly Cleaning _cleaning;
    private IDisposable? _ticker;
    private int _partitionsHosted;
    private volatile bool _isStopping;

    internal Broker(
        ReplicaEnvironment env, IBrokerThreads threads, DataDirectory directory, IStateStore? ownedState, StorageMetrics storageMetrics)
    {
        _env = env;
        _threads = threads;
        _directory = directory;
        _ownedState = ownedState;
        _storageMetrics = storageMetrics;
        _log = env.Log;
        _cleaning = new Cleaning(env.Logs, threads, env.Settings);
    }

    /// <summary>Who runs the partitions; simulations take every step themselves.</summary>
    internal IBrokerThreads Threads => _threads;

    /// <summary>What callers see at this moment.</summary>
    internal HostedTopics Hosted => Volatile.Read(ref _hosted);

    /// <inheritdoc/>
    public NodeId NodeId => _env.Node;

    /// <inheritdoc/>
    public ClusterId ClusterId => _directory.Meta.ClusterId;

    /// <inheritdoc/>
    public bool IsFormed => _metadata is not null;

    /// <inheritdoc/>
    public TopicCatalog Topics => Volatile.Read(ref _hosted).Catalog;

    /// <inheritdoc/>
    public BrokerStatus Status
    {
        get
        {
            HostedTopics hosted = Volatile.Read(ref _hosted);
            DiskSpace space = _env.Logs.Space.Space;
            int partitions = 0;
            int leaderless = 0;
            int quarantined = 0;
            long bytes = 0;
            int underReplicated = 0;
            foreach (HostedPartition partition in hosted.Topics.SelectMany(t => t.Partitions))
            {
                partitions++;
                PartitionState state = partition.State;
                leaderless += state == PartitionState.Leaderless ? 1 : 0;
                quarantined += state == PartitionState.Quarantined ? 1 : 0;
                bytes += partition.Replica?.Log.SizeBytes ?? 0;
                underReplicated += partition.Replica?.Progress.Any(p => !p.IsInSync) == true ? 1 : 0;
            }

            return new BrokerStatus(
                hosted.Catalog.Topics.Count(t => !t.IsInternal),
                partitions,
                leaderless,
                quarantined,
                bytes,
                space.FreeBytes,
                space.TotalBytes,
                _env.Logs.Space.IsFull)
            {
                PartitionsUnderReplicated = underReplicated,
            };
        }
    }

    /// <summary>Opens a broker on the operating system's disk, with the state store in the data directory; it owns both.</summary>
    /// <returns>The broker, serving; or an error that says what keeps it from starting, with nothing half-created.</returns>
    public static async Task<Result<Broker>> OpenAsync(
        BrokerSettings settings,
        TimeProvider time,
        ILoggerFactory loggers,
        IFatalFailure fatal,
        IPeerTransport? peers = null,
        IProgress<RecoveryProgress>? progress = null,
        CancellationToken cancellation = default) =>
        await BrokerStart.Open(
            new BrokerSurroundings(settings, new OsDisk(), null, time, loggers, fatal, peers), isPumped: false, progress, cancellation);

    /// <summary>As the other, on any disk and state store; the store stays the caller's.</summary>
    public static async Task<Result<Broker>> OpenAsync(
        BrokerSettings settings,
        IDisk disk,
        IStateStore state,
        TimeProvider time,
        ILoggerFactory loggers,
        IFatalFailure fatal,
        IPeerTransport? peers = null,
        IProgress<RecoveryProgress>? progress = null,
        CancellationToken cancellation = default) =>
        await BrokerStart.Open(
            new BrokerSurroundings(settings, disk, state, time, loggers, fatal, peers), isPumped: false, progress, cancellation);

    /// <inheritdoc/>
    public ValueTask Produce(in ProduceCommand command, BatchBuffer batch, IProduceSink sink)
    {
        BrokerError? error = CheckProduce(command, out HostedPartition partition);
        if (error is not null)
        {
            NoteRefusal(command.Partition, batch.Span, sink);
            batch.Return();
            sink.Completed(command.CorrelationId, new ProduceOutcome(error, Offset.None, Epoch.None, ReachedDurability.None, false, -1));
            return ValueTask.CompletedTask;
        }

        return partition.Replica!.Produce(command, batch, sink, isInternal: false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    /// <summary>
    /// Refuses new work, answers what is in flight, trims and closes the logs, and lets go of the data directory. With
    /// <paramref name="cancellation"/> it stops waiting for answers; what is then unanswered has an unknown outcome.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        await _changes.WaitAsync(CancellationToken.None);
        try
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
        }
        finally
        {
            _changes.Release();
        }

        _ticker?.Dispose();
        PartitionReplica[] replicas = [.. Volatile.Read(ref _hosted).Replicas];
        BrokerLog.Stopping(_log, replicas.Length);
        try
        {
            await _threads.UntilAll([.. replicas.Select(r => r.Drain())]).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            BrokerLog.NotDrained(_log);
        }

        _cleaning.Stop();
        _threads.StopCleaning();
        await _env.Peers.StopAsync();
        _threads.StopLoops();
        _threads.HardStates.Dispose();
        foreach (PartitionReplica replica in replicas)
        {
            replica.Poll(); // answers what came in while the loops ended
        }

        _threads.Flushes.Dispose();
        if (_threads.OpensAtOnce == 1)
        {
            Array.ForEach(replicas, r => r.Close());
        }
        else
        {
            Parallel.ForEach(replicas, r => r.Close());
        }

        foreach (PartitionReplica replica in replicas)
        {
            replica.PollIfClosed(); // answers what came in while they closed; what comes later is answered by its caller
        }

        _env.Tables.Dispose();
        _directory.MarkCleanShutdown();
        _ownedState?.Dispose();
        _directory.Dispose();
        _env.Metrics.Dispose();
        _storageMetrics.Dispose();
        _cleaning.Dispose();
        BrokerLog.Stopped(_log);
    }

    /// <summary>
    /// Notes what was refused in front of a queue: the partition may serve the producer's next batch already. Names that no topic can
    /// have are not kept.
    /// </summary>
    private void NoteRefusal(TopicPartition partition, ReadOnlySpan<byte> batch, IProduceSink sink)
    {
        if (_isStopping || TopicName.Check(partition.Topic) is not null)
        {
            return;
        }

        ProducerBatch producer = ProducerBatch.OfHeader(batch);
        if (producer.Id.IsSome)
        {
            _env.Refusals.Note(sink, partition, producer);
        }
    }

    private BrokerError? CheckProduce(in ProduceCommand command, out HostedPartition partition)
    {
        partition = null!;
        if (_isStopping)
        {
            return PartitionErrors.ShuttingDown(command.Partition);
        }

        if (command.Acks is < RequiredAcks.Quorum or > RequiredAcks.None)
        {
            return new BrokerError(ErrorCode.InvalidRequiredAcks, $"acks {(int)command.Acks} is not quorum, leader or none");
        }

        if (command.TimeoutMs is < 1 or > Limits.ProduceTimeoutMsMax)
        {
            return new BrokerError(
                ErrorCode.InvalidArgument, $"timeout_ms {command.TimeoutMs} is outside 1 to {Limits.ProduceTimeoutMsMax}");
        }

        return TopicName.IsInternal(command.Partition.Topic)
            ? PartitionErrors.Internal(command.Partition.Topic)
            : Find(command.Partition, out partition);
    }
}
