namespace LogBroker.Client;

/// <summary>
/// The way to a broker or a cluster of them. Make one per program and share it: it is thread-safe, holds the connections and what is
/// known about topics and leaders, and connects when first used. Dispose of producers and end readers before it.
/// </summary>
/// <example><code>
/// await using var client = new LogBrokerClient("localhost:7070");
/// await client.Topics.EnsureAsync("orders", t => t.Partitions = 6);
/// await using var producer = client.CreateProducer&lt;string, string&gt;("orders");
/// ProduceReceipt at = await producer.ProduceAsync("key", "value");
/// await foreach (ConsumedRecord r in client.ReadAsync("orders", Position.Start, until: Position.End)) { … }
/// </code></example>
public sealed partial class LogBrokerClient : IAsyncDisposable
{
    private readonly BrokerCalls _calls;
    private readonly ClusterCalls _clusterCalls;

    /// <summary>A client of the servers <c>host:port,host:port</c> with default options.</summary>
    /// <exception cref="FormatException">The list is empty or an entry is no <c>host:port</c>.</exception>
    public LogBrokerClient(string servers = "localhost:7070")
        : this(new LogBrokerClientOptions { Servers = servers })
    {
    }

    /// <summary>A client with these options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="FormatException">The list of servers is empty or an entry is no <c>host:port</c>.</exception>
    public LogBrokerClient(LogBrokerClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _calls = new BrokerCalls(options);
        _clusterCalls = new ClusterCalls(_calls);
        Metadata = new MetadataCache(_calls, _clusterCalls);
        Topics = new TopicsAdmin(new TopicsCalls(_calls, Metadata));
        Cluster = new ClusterAdmin(_clusterCalls);
        Groups = new GroupsAdmin(new GroupsCalls(_calls, Metadata, _clusterCalls));
    }

    /// <summary>What it was made with.</summary>
    public LogBrokerClientOptions Options { get; }

    /// <summary>Creates, describes and changes topics.</summary>
    public TopicsAdmin Topics { get; }

    /// <summary>Asks about nodes, leaders, health and configuration.</summary>
    public ClusterAdmin Cluster { get; }

    /// <summary>Lists, describes and changes consumer groups.</summary>
    public GroupsAdmin Groups { get; }

    internal BrokerCalls Calls => _calls;

    internal MetadataCache Metadata { get; }

    /// <summary>A producer of bytes for any number of topics. One per program is enough; dispose of it to flush it.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Producer CreateProducer(ProducerOptions? options = null) => new(this, options ?? new ProducerOptions());

    /// <summary>
    /// A producer of keys and values for one topic. Without serializers the defaults of <see cref="Serde"/> hold for byte[],
    /// ReadOnlyMemory, string, int, long and <see cref="Nothing"/>; for other types pass one, such as <see cref="Serde.Json"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">A serializer is missing and there is no default for its type.</exception>
    /// <exception cref="LogBrokerException">The topic name is not well-formed.</exception>
    public Producer<TKey, TValue> CreateProducer<TKey, TValue>(
        string topic,
        ISerializer<TKey>? keySerializer = null,
        ISerializer<TValue>? valueSerializer = null,
        ProducerOptions? options = null)
    {
        Check.Topic(topic);
        return new Producer<TKey, TValue>(
            CreateProducer(options),
            topic,
            keySerializer ?? Serde.Default<TKey>(),
            valueSerializer ?? Serde.Default<TValue>());
    }

    /// <summary>Translates a position to offsets, for some partitions of a topic or (null) all of them.</summary>
    /// <exception cref="LogBrokerException">For the first partition that fails.</exception>
    public Task<IReadOnlyList<ListedOffset>> ListOffsetsAsync(
        string topic, Position position, IReadOnlyCollection<int>? partitions = null, CancellationToken cancellationToken = default)
    {
        Check.Topic(topic);
        return new OffsetLookup(_calls, Metadata).ListAsync(topic, position, partitions, cancellationToken);
    }

    /// <summary>
    /// Reads the records of a topic from a position, up to another or, without one, for ever: then it waits for new records and
    /// ends only by cancellation. Records of one partition come in their order. Broker restarts are survived: reading goes on
    /// behind the last record handed over.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="from">Where to begin, in every partition.</param>
    /// <param name="until">Where to end, in every partition, as it was when reading began; <see cref="Position.End"/> reads what is
    /// there now.</param>
    /// <param name="partitions">Some partitions, or (null) all.</param>
    /// <param name="options">Prefetching and limits.</param>
    /// <param name="cancellationToken">Ends it, with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Records whose bytes are valid until the next <c>MoveNextAsync</c>; see <see cref="ConsumedRecord.Copy"/>.</returns>
    /// <exception cref="LogBrokerException">While enumerating, when reading cannot go on.</exception>
    public IAsyncEnumerable<ConsumedRecord> ReadAsync(
        string topic,
        Position from,
        Position? until = null,
        IReadOnlyCollection<int>? partitions = null,
        ReadOptions? options = null,
        CancellationToken cancellationToken = default) =>
        Sequence([topic], from, until, partitions, options, cancellationToken).RecordsOnly();

    /// <summary>
    /// As <see cref="ReadAsync(string, Position, Position?, IReadOnlyCollection{int}?, ReadOptions?, CancellationToken)"/>, of several
    /// topics.
    /// </summary>
    public IAsyncEnumerable<ConsumedRecord> ReadAsync(
        IReadOnlyCollection<string> topics,
        Position from,
        Position? until = null,
        IReadOnlyCollection<int>? partitions = null,
        ReadOptions? options = null,
        CancellationToken cancellationToken = default) =>
        Sequence(topics, from, until, partitions, options, cancellationToken).RecordsOnly();

    /// <summary>
    /// As <see cref="ReadAsync(string, Position, Position?, IReadOnlyCollection{int}?, ReadOptions?, CancellationToken)"/>, with what
    /// happens between the records:
    /// caught up, truncated, gaps, ends of partitions.
    /// </summary>
    public IAsyncEnumerable<ReadEvent> ReadEventsAsync(
        IReadOnlyCollection<string> topics,
        Position from,
        Position? until = null,
        IReadOnlyCollection<int>? partitions = null,
        ReadOptions? options = null,
        CancellationToken cancellationToken = default) =>
        Sequence(topics, from, until, partitions, options, cancellationToken);

    /// <summary>
    /// As <see cref="ReadAsync(string, Position, Position?, IReadOnlyCollection{int}?, ReadOptions?, CancellationToken)"/>, with keys
    /// and values
    /// deserialized. Without deserializers the defaults of <see cref="Serde"/> hold.
    /// </summary>
    /// <exception cref="LogBrokerException">While enumerating: also when a record cannot be deserialized, naming its offset.</exception>
    public IAsyncEnumerable<Record<TKey, TValue>> ReadAsync<TKey, TValue>(
        string topic,
        Position from,
        Position? until = null,
        IDeserializer<TKey>? keyDeserializer = null,
        IDeserializer<TValue>? valueDeserializer = null,
        IReadOnlyCollection<int>? partitions = null,
        ReadOptions? options = null,
        CancellationToken cancellationToken = default) =>
        TypedReading.DeserializeAsync(
            ReadAsync(topic, from, until, partitions, options, cancellationToken),
            keyDeserializer ?? Serde.Default<TKey>(),
            valueDeserializer ?? Serde.Default<TValue>(),
            cancellationToken);

    /// <summary>Closes the connections. Calls that run fail.</summary>
    public ValueTask DisposeAsync()
    {
        _calls.Dispose();
        return ValueTask.CompletedTask;
    }

    private EventSequence Sequence(
        IReadOnlyCollection<string> topics,
        Position from,
        Position? until,
        IReadOnlyCollection<int>? partitions,
        ReadOptions? options,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topics);
        foreach (string topic in topics)
        {
            Check.Topic(topic);
        }

        ReadOptions chosen = options ?? new ReadOptions();
        chosen.Validate();
        var plan = new ReadPlan([.. topics], partitions?.ToArray(), from, until, chosen);
        return new EventSequence(_calls, Metadata, plan, cancellationToken);
    }
}
