using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// The partitions of one topic and the choice among them. Partitions are only ever added. Thread-safe.
/// </summary>
internal sealed class TopicQueue(ProducerCore core, string name)
{
    private readonly Lock _lock = new();
    private volatile PartitionQueue[] _partitions = [];
    private volatile int _messageBytesMax = Limits.BatchBytesDefault;
    private volatile int _sticky = -1;
    private int _stickyBytes;
    private long _seenAt;
    private long _askNotBefore;
    private int _asked;

    public string Name => name;

    /// <summary>Where records wait that cannot be taken at once.</summary>
    public Lane Lane { get; } = new();

    /// <summary>Empty until the topic's metadata is known.</summary>
    public PartitionQueue[] Partitions => _partitions;

    /// <summary>The largest batch the topic takes, in bytes.</summary>
    public int MessageBytesMax => _messageBytesMax;

    /// <summary>When metadata was taken over last; a timestamp of the clock.</summary>
    public long SeenAt => Volatile.Read(ref _seenAt);

    /// <summary>Takes over what metadata say.</summary>
    public void Learn(TopicMetadata metadata)
    {
        lock (_lock)
        {
            _messageBytesMax = metadata.MessageBytesMax > 0
                ? Math.Min(metadata.MessageBytesMax, Limits.BatchBytesMax)
                : Limits.BatchBytesDefault;
            Volatile.Write(ref _seenAt, core.Now());
            int known = _partitions.Length;
            if (metadata.Partitions.Count > known)
            {
                _partitions = [.. _partitions, .. Enumerable.Range(known, metadata.Partitions.Count - known)
                    .Select(p => new PartitionQueue(core, this, p))];
            }
        }
    }

    /// <summary>True when leaders may be asked for now: each time after a longer wait, until <see cref="LeadersAreSure"/>.</summary>
    public bool MayAskForLeader(long now)
    {
        lock (_lock)
        {
            if (now < _askNotBefore)
            {
                return false;
            }

            _asked++;
            _askNotBefore = now + core.Ticks(core.Retry.Wait(_asked));
            return true;
        }
    }

    /// <summary>No leader is in doubt: the next doubt is looked into at once.</summary>
    public void LeadersAreSure()
    {
        if (Volatile.Read(ref _asked) != 0)
        {
            lock (_lock)
            {
                _asked = 0;
                _askNotBefore = 0;
            }
        }
    }

    /// <summary>The partition of a record, or null when the record names one that is not known.</summary>
    public PartitionQueue? Choose(in ProducerRecord record)
    {
        PartitionQueue[] partitions = _partitions;
        if (record.Partition is { } named)
        {
            return (uint)named < (uint)partitions.Length ? partitions[named] : null;
        }

        if (partitions.Length == 0)
        {
            return null;
        }

        if (record.Key is { } key)
        {
            return partitions[core.Options.Partitioner.Choose(key.Span, partitions.Length)];
        }

        int sticky = _sticky;
        if ((uint)sticky >= (uint)partitions.Length)
        {
            _sticky = sticky = Random.Shared.Next(partitions.Length);
        }

        return partitions[sticky];
    }

    /// <summary>
    /// A batch of a partition was closed: after a batch's worth of bytes records without a key go to another partition.
    /// </summary>
    public void LeaveSticky(int partition, int bytes)
    {
        if (partition != _sticky)
        {
            return;
        }

        int sum = Interlocked.Add(ref _stickyBytes, Math.Min(bytes, Limits.BatchBytesMax));
        int count = _partitions.Length;
        if (count > 1 && (bytes == int.MaxValue || sum >= core.Options.BatchBytes))
        {
            Interlocked.Exchange(ref _stickyBytes, 0);
            _sticky = (partition + Random.Shared.Next(1, count)) % count;
        }
    }
}
