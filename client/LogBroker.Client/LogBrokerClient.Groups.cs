namespace LogBroker.Client;

/// <summary>Consumers of groups, and tables.</summary>
public sealed partial class LogBrokerClient
{
    /// <summary>
    /// A member of a group that reads topics with the others of the group; nothing happens before its first ask for records. Dispose of
    /// it to leave at once.
    /// </summary>
    /// <param name="group">The group: 1 to 249 bytes.</param>
    /// <param name="topics">At least one; they need not exist yet.</param>
    /// <exception cref="ArgumentException">The group or the topics are not well-formed.</exception>
    public Consumer CreateConsumer(string group, params string[] topics) =>
        CreateConsumer(new ConsumerOptions { GroupId = group, Topics = topics });

    /// <summary>As the other, with options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Consumer CreateConsumer(ConsumerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Consumer(this, options);
    }

    /// <summary>
    /// As <see cref="CreateConsumer(string, string[])"/>, with keys and values in the default formats of <see cref="Serde"/>: byte[],
    /// ReadOnlyMemory, string, int, long and <see cref="Nothing"/>.
    /// </summary>
    /// <exception cref="NotSupportedException">There is no default for a type: pass deserializers.</exception>
    public Consumer<TKey, TValue> CreateConsumer<TKey, TValue>(string group, params string[] topics) =>
        CreateConsumer<TKey, TValue>(new ConsumerOptions { GroupId = group, Topics = topics });

    /// <summary>As the other, with options and deserializers; null means the default of <see cref="Serde"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">A deserializer is missing and there is no default for its type.</exception>
    public Consumer<TKey, TValue> CreateConsumer<TKey, TValue>(
        ConsumerOptions options, IDeserializer<TKey>? keyDeserializer = null, IDeserializer<TValue>? valueDeserializer = null) => new(
        CreateConsumer(options),
        keyDeserializer ?? Serde.Default<TKey>(),
        valueDeserializer ?? Serde.Default<TValue>());

    /// <summary>
    /// A compacted topic (<c>cleanup.policy=compact</c>) by key. Without formats the defaults of <see cref="Serde"/> hold.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="keys">The format of keys.</param>
    /// <param name="values">The format of values.</param>
    /// <param name="options">How it is read unless a call says otherwise.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="NotSupportedException">A format is missing and there is no default for its type.</exception>
    /// <exception cref="LogBrokerException">The topic name is not well-formed.</exception>
    public Table<TKey, TValue> OpenTable<TKey, TValue>(
        string topic, ISerde<TKey>? keys = null, ISerde<TValue>? values = null, TableReadOptions? options = null)
    {
        Check.Topic(topic);
        return new Table<TKey, TValue>(
            this, topic, keys ?? Serde.Default<TKey>(), values ?? Serde.Default<TValue>(), options ?? new TableReadOptions());
    }
}
