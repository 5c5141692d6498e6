using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// What a member holds, how far it is, and what its caller has in hand. The caller asks, the membership gives and takes: both meet here,
/// under one lock, which is never held while anything is awaited. A partition that goes and comes back is another
/// <see cref="HeldPartition"/>, so that nothing of its former life can touch the later one.
/// </summary>
internal sealed partial class Holdings(Fetcher fetcher)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, HeldPartition> _held = [];

    /// <summary>All partitions, those that are being let go of included.</summary>
    public List<HeldPartition> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _held.Values];
            }
        }
    }

    public HeldPartition? Find(TopicPartition id)
    {
        lock (_lock)
        {
            return _held.GetValueOrDefault(id);
        }
    }

    /// <summary>What the user sees: without partitions that are being taken away.</summary>
    public List<AssignedPartition> Describe()
    {
        lock (_lock)
        {
            return
            [
                .. _held.Values.Where(static h => !h.IsGivenUp)
                    .OrderBy(static h => h.Id.Topic, StringComparer.Ordinal).ThenBy(static h => h.Id.Partition)
                    .Select(static h => new AssignedPartition(
                        h.Id.Topic, h.Id.Partition, h.Position, h.Committed, h.HighWatermark, h.IsPaused)),
            ];
        }
    }

    /// <summary>Takes over what is new in a target; the others stay as they are.</summary>
    public List<HeldPartition> Take(IReadOnlyCollection<TopicPartition> target)
    {
        var added = new List<HeldPartition>();
        lock (_lock)
        {
            foreach (TopicPartition id in target)
            {
                if (!_held.ContainsKey(id))
                {
                    var held = new HeldPartition(id);
                    _held.Add(id, held);
                    added.Add(held);
                }
            }
        }

        return added;
    }

    /// <summary>Stops handing out what is not in a target, at once; returns all that is to be let go of.</summary>
    public List<HeldPartition> GiveUpAllBut(IReadOnlySet<TopicPartition> target)
    {
        lock (_lock)
        {
            foreach (HeldPartition held in _held.Values)
            {
                if (!target.Contains(held.Id) && !held.IsGivenUp)
                {
                    held.IsGivenUp = true;
                    StopReading(held);
                }
            }

            return [.. _held.Values.Where(static h => h.IsGivenUp)];
        }
    }

    /// <summary>Lets go of partitions.</summary>
    public void Release(IEnumerable<HeldPartition> partitions)
    {
        lock (_lock)
        {
            foreach (HeldPartition held in partitions)
            {
                if (_held.GetValueOrDefault(held.Id) == held)
                {
                    _held.Remove(held.Id);
                }

                held.IsGivenUp = true;
                StopReading(held);
            }
        }
    }

    /// <summary>The group may have given everything to others.</summary>
    public List<HeldPartition> LoseAll()
    {
        lock (_lock)
        {
            List<HeldPartition> lost = [.. _held.Values];
            foreach (HeldPartition held in lost)
            {
                held.IsLost = true;
                StopReading(held);
            }

            _held.Clear();
            FreeHandLater();
            return lost;
        }
    }

    /// <summary>The place where a new partition begins; a seek that came first wins.</summary>
    public void Begin(HeldPartition held, long position, long committed)
    {
        lock (_lock)
        {
            held.IsBegun = true;
            held.Committed = committed;
            if (held.Position < 0)
            {
                held.Position = position;
                held.Proven = position;
            }

            StartReading(held);
        }
    }

    /// <summary>Goes on at another place. What was in hand of it is not proven by the next ask.</summary>
    public void Seek(HeldPartition held, long position)
    {
        lock (_lock)
        {
            DropFromHand(held);
            held.Position = position;
            held.Proven = position;
            held.ProvenEpoch = -1;
            StopReading(held);
            StartReading(held);
        }
    }

    public void Pause(HeldPartition held)
    {
        lock (_lock)
        {
            held.IsPaused = true;
            StopReading(held);
        }
    }

    public void Resume(HeldPartition held)
    {
        lock (_lock)
        {
            held.IsPaused = false;
            StartReading(held);
        }
    }

    /// <summary>Records in front of an offset were deleted before they were handed out.</summary>
    public void SkipTo(PartitionCursor cursor, long offset)
    {
        lock (_lock)
        {
            HeldPartition held = cursor.Held!;
            if (held.Cursor == cursor && offset > held.Position)
            {
                cursor.Next = offset;
                held.Position = offset;
                held.Proven = IsInHand(held) ? held.Proven : offset;
            }
        }
    }

    /// <summary>Reading failed: it is read again from where it was when <see cref="Restart"/> is called.</summary>
    public void Stall(HeldPartition held)
    {
        lock (_lock)
        {
            StopReading(held);
            held.IsStalled = true;
        }
    }

    /// <summary>Reads what had stalled.</summary>
    public void Restart()
    {
        lock (_lock)
        {
            foreach (HeldPartition held in _held.Values)
            {
                if (held.IsStalled)
                {
                    held.IsStalled = false;
                    StartReading(held);
                }
            }
        }
    }

    /// <summary>What is proven and not committed, of some partitions or (null) all.</summary>
    public List<PendingCommit> Uncommitted(IReadOnlyCollection<HeldPartition>? some = null)
    {
        lock (_lock)
        {
            return
            [
                .. (some ?? _held.Values).Where(static h => !h.IsLost && h.Proven >= 0 && h.Proven != h.Committed)
                    .Select(static h => new PendingCommit(h, h.Proven, h.ProvenEpoch)),
            ];
        }
    }

    /// <summary>The group has stored an offset.</summary>
    public void SetCommitted(HeldPartition held, long offset)
    {
        lock (_lock)
        {
            held.Committed = offset;
        }
    }

    public void SetHighWatermark(HeldPartition held, long offset)
    {
        lock (_lock)
        {
            held.HighWatermark = offset;
        }
    }

    private void StartReading(HeldPartition held)
    {
        if (held.IsReadable && held is { Cursor: null, IsBegun: true, IsStalled: false, Position: >= 0 })
        {
            held.Cursor = new PartitionCursor(held.Id, held.Position, long.MaxValue) { Held = held };
            fetcher.Begin([held.Cursor]);
        }
    }

    private void StopReading(HeldPartition held)
    {
        if (held.Cursor is { } cursor)
        {
            fetcher.Remove(cursor);
            held.Cursor = null;
        }
    }
}
