using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// Where the views of a node live: its store, opened when the first table is used, and who works on them. Thread-safe.
/// </summary>
internal sealed class TableHome(Func<ITableStore> open, IBrokerThreads threads) : IDisposable
{
    private readonly Lock _gate = new();
    private ITableStore? _store;
    private bool _isClosed;

    /// <summary>Tells topics of this node from those that are gone; what is kept of the latter is dropped at the opening.</summary>
    public Func<TopicId, bool> IsKnown { get; set; } = static _ => true;

    /// <summary>The store; null when the node is stopping.</summary>
    /// <exception cref="DiskException">It cannot be opened.</exception>
    public ITableStore? Store
    {
        get
        {
            ITableStore? store = Volatile.Read(ref _store);
            return store ?? Open();
        }
    }

    /// <summary>Does some work on a view, not on the caller's thread.</summary>
    public void Start(Action work) => threads.Start(() =>
    {
        work();
        return Task.CompletedTask;
    });

    /// <summary>Drops what is kept of a topic that was deleted. One that is not open is swept when it is.</summary>
    public void Forget(TopicId topic, int partitions)
    {
        if (Volatile.Read(ref _store) is not { } store)
        {
            return;
        }

        try
        {
            for (int i = 0; i < partitions; i++)
            {
                Drop(store, new PartitionId(topic, i));
            }
        }
        catch (DiskException)
        {
            // Swept at the next opening: the topic is unknown then.
        }
    }

    /// <summary>Closes the store; whoever still uses it meets <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            _store?.Dispose();
            Volatile.Write(ref _store, null);
        }
    }

    private ITableStore? Open()
    {
        lock (_gate)
        {
            if (_isClosed || _store is not null)
            {
                return _store;
            }

            ITableStore store = open();
            foreach ((byte[] key, _) in store.Scan(TableKeys.Marks, [], int.MaxValue, long.MaxValue))
            {
                PartitionId partition = TableKeys.PartitionOf(key);
                if (!IsKnown(partition.Topic))
                {
                    Drop(store, partition);
                }
            }

            Volatile.Write(ref _store, store);
            return store;
        }
    }

    private static void Drop(ITableStore store, PartitionId partition)
    {
        store.Clear(TableKeys.Entry(partition, []));
        store.Write(new StateBatch().Delete(TableKeys.Mark(partition)));
    }
}
