using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// A member of a consumer group; from <see cref="LogBrokerClient.CreateConsumer(string, string[])"/>. It joins at the first ask for
/// records, shares the partitions of its topics with the other members, and goes on where the group has committed. Survives restarts of
/// brokers, moves of leaders and of the group's coordinator.
/// <para>
/// With <see cref="CommitMode.Auto"/>, the default, asking for the next record proves the previous one. A handler that throws or breaks
/// out of the loop leaves its record unproven: it comes again, after a restart or in the next enumeration, and neither it nor what is
/// behind it is committed. So each record is handled at least once.
/// </para>
/// </summary>
/// <remarks>One enumeration at a time; all other members are thread-safe. Not to be disposed of within a rebalance callback.</remarks>
public sealed class Consumer : IAsyncDisposable
{
    private readonly ConsumerCore _core;

    internal Consumer(LogBrokerClient client, ConsumerOptions options)
    {
        _core = new ConsumerCore(client, this, options);
    }

    /// <summary>What it was made with.</summary>
    public ConsumerOptions Options => _core.Options;

    /// <summary>What it holds now, by topic and partition; without what is being taken away.</summary>
    public IReadOnlyList<AssignedPartition> Assignment => _core.Holdings.Describe();

    /// <summary>The id under which the group knows it; null before the first ask for records.</summary>
    public string? MemberId => _core.Membership?.MemberId;

    internal ConsumerCore Core => _core;

    /// <summary>
    /// Records, for ever: it waits for new ones and ends only by cancellation. Records of one partition come in their order. A second
    /// enumeration goes on behind the last proven record.
    /// </summary>
    /// <param name="cancellationToken">Ends it, with <see cref="OperationCanceledException"/>. What was handled is proven.</param>
    /// <returns>Records whose bytes are valid until the next <c>MoveNextAsync</c>; see <see cref="ConsumedRecord.Copy"/>.</returns>
    /// <exception cref="PollIntervalExceededException">While enumerating: the ask came too late, and the group was left.</exception>
    /// <exception cref="LogBrokerException">While enumerating: reading failed, or the group refuses the member.</exception>
    /// <exception cref="InvalidOperationException">Another enumeration is not finished.</exception>
    public IAsyncEnumerable<ConsumedRecord> ConsumeAsync(CancellationToken cancellationToken = default) =>
        new ConsumeSequence(_core, cancellationToken);

    /// <summary>
    /// Records in batches of whatever partitions. Asking for the next batch proves the whole previous one; breaking out of the loop
    /// leaves it unproven.
    /// </summary>
    /// <param name="countMax">The most records of a batch, 1 to 1,000,000.</param>
    /// <param name="wait">How long a batch waits for more after its first record; zero takes what is there.</param>
    /// <param name="cancellationToken">Ends it, with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Batches of at least one record, on memory of their own.</returns>
    public IAsyncEnumerable<IReadOnlyList<ConsumedRecord>> ConsumeBatchesAsync(
        int countMax, TimeSpan wait, CancellationToken cancellationToken = default) =>
        Batches(static record => record.Copy(), countMax, wait, cancellationToken);

    /// <summary>
    /// Commits now. With <see cref="CommitMode.Manual"/> everything that was handed out, the record or batch in hand included, which is
    /// proven by that; with <see cref="CommitMode.Auto"/> what is proven. Durable on a majority when it completes.
    /// </summary>
    /// <exception cref="CommitFailedException">Some offsets were not stored, for example of partitions that were taken away.</exception>
    /// <exception cref="LogBrokerException">Nothing was stored.</exception>
    public Task CommitAsync(CancellationToken cancellationToken = default)
    {
        if (Options.CommitMode == CommitMode.Manual)
        {
            _core.Holdings.ProveInHand();
        }

        return _core.Committer.CommitAsync(
            () => _core.Holdings.Uncommitted(), _core.Calls.Options.RequestTimeout, cancellationToken);
    }

    /// <summary>Hands out nothing more of partitions, until <see cref="Resume"/>. Those that it does not hold are ignored.</summary>
    public void Pause(IEnumerable<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        foreach (TopicPartition id in partitions)
        {
            if (_core.Holdings.Find(id) is { } held)
            {
                _core.Holdings.Pause(held);
            }
        }
    }

    /// <summary>Goes on with partitions that were paused, without a gap.</summary>
    public void Resume(IEnumerable<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        foreach (TopicPartition id in partitions)
        {
            if (_core.Holdings.Find(id) is { } held)
            {
                _core.Holdings.Resume(held);
            }
        }
    }

    /// <summary>
    /// Goes on at another place of a partition that it holds. That place is what is committed next; the record in hand, if it is of this
    /// partition, is not proven by the next ask.
    /// </summary>
    /// <exception cref="LogBrokerException">With <see cref="ErrorCode.NotAssigned"/> when it does not hold the partition.</exception>
    public async Task SeekAsync(TopicPartition partition, Position position, CancellationToken cancellationToken = default)
    {
        HeldPartition held = _core.Holdings.Find(partition) ?? throw NotHeld(partition);
        long offset = position.Value;
        if (position.Kind != PositionKind.Offset)
        {
            await _core.Metadata.GetAsync(partition.Topic, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<ListedOffset> listed = await new OffsetLookup(_core.Calls, _core.Metadata)
                .ListAsync([(partition, position)], cancellationToken).ConfigureAwait(false);
            offset = listed[0].Offset;
        }

        _core.Holdings.Seek(held, offset);
    }

    /// <summary>
    /// Commits what is proven, if that is the consumer's to do, and leaves the group at once: others get its partitions without waiting for
    /// its session to end, unless it has a <see cref="ConsumerOptions.GroupInstanceId"/>. Takes at most about 20 seconds when nobody
    /// answers, and does not throw for that.
    /// </summary>
    public ValueTask DisposeAsync() => new(_core.CloseAsync());

    internal IAsyncEnumerable<IReadOnlyList<T>> Batches<T>(
        Func<ConsumedRecord, T> convert, int countMax, TimeSpan wait, CancellationToken cancellation)
    {
        Check.Range(countMax, 1, 1_000_000, nameof(countMax));
        Check.Range(wait, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(wait));
        return new BatchSequence<T>(_core, convert, countMax, wait, cancellation);
    }

    private LogBrokerException NotHeld(TopicPartition partition) => new(
        ErrorCode.NotAssigned, $"{partition} is not assigned to this member of group {ShownValue.Of(Options.GroupId)}")
    {
        Topic = partition.Topic,
        Partition = partition.Partition,
    };
}
