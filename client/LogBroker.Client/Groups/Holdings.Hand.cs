namespace LogBroker.Client;

/// <summary>What the caller has in hand: a record, or a batch of them, that it has not proven by asking for more.</summary>
internal sealed partial class Holdings
{
    /// <summary>The record, when it is a single one.</summary>
    private HeldPartition? _hand;
    private long _handNext;
    private int _handEpoch;

    /// <summary>The batch: by partition where it ends.</summary>
    private readonly Dictionary<HeldPartition, (long Next, int LeaderEpoch)> _batch = [];
    private TaskCompletionSource? _handFreed;

    /// <summary>True when the caller has something of it.</summary>
    private bool IsInHand(HeldPartition held) => _hand == held || _batch.ContainsKey(held);

    /// <summary>
    /// Hands a record over in place of the one before, which is proven by it; false when the partition is not to be handed out any more.
    /// </summary>
    public bool TryHand(PartitionCursor cursor, long next, int leaderEpoch)
    {
        lock (_lock)
        {
            HeldPartition held = cursor.Held!;
            if (held.Cursor != cursor)
            {
                return false;
            }

            if (_hand is not null || _batch.Count > 0)
            {
                ProveHand();
            }

            _hand = held;
            _handNext = next;
            _handEpoch = leaderEpoch;
            held.Position = next;
            cursor.Next = next;
            return true;
        }
    }

    /// <summary>Adds a record to the batch in hand; false when the partition is not to be handed out any more.</summary>
    public bool TryGather(PartitionCursor cursor, long next, int leaderEpoch)
    {
        lock (_lock)
        {
            HeldPartition held = cursor.Held!;
            if (held.Cursor != cursor)
            {
                return false;
            }

            _batch[held] = (next, leaderEpoch);
            held.Position = next;
            cursor.Next = next;
            return true;
        }
    }

    /// <summary>The caller asks for more: what it has in hand is handled.</summary>
    public void Prove()
    {
        lock (_lock)
        {
            ProveHand();
        }
    }

    /// <summary>The caller turns away with something in hand: it is handed out again. True when there was something.</summary>
    public bool Abandon()
    {
        lock (_lock)
        {
            if (_hand is null && _batch.Count == 0)
            {
                return false;
            }

            List<HeldPartition> rewound = _hand is null ? [.. _batch.Keys] : [_hand];
            _hand = null;
            _batch.Clear();
            FreeHandLater();
            foreach (HeldPartition held in rewound)
            {
                // What was proven explicitly meanwhile, by a commit, is not repeated.
                if (held.Position != held.Proven)
                {
                    held.Position = held.Proven;
                    StopReading(held);
                    StartReading(held);
                }
            }

            return true;
        }
    }

    /// <summary>Proves what is in hand without asking for more; it stays in hand.</summary>
    public void ProveInHand()
    {
        lock (_lock)
        {
            if (_hand is not null)
            {
                Prove(_hand, _handNext, _handEpoch);
            }

            foreach ((HeldPartition held, (long next, int epoch)) in _batch)
            {
                Prove(held, next, epoch);
            }
        }
    }

    /// <summary>Completes when the caller has nothing of these partitions in hand.</summary>
    public async Task HandFreedAsync(IReadOnlyCollection<HeldPartition> partitions, CancellationToken cancellation)
    {
        while (true)
        {
            Task freed;
            lock (_lock)
            {
                if (!partitions.Any(IsInHand))
                {
                    return;
                }

                _handFreed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                freed = _handFreed.Task;
            }

            await freed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void ProveHand()
    {
        if (_hand is not null)
        {
            Prove(_hand, _handNext, _handEpoch);
            _hand = null;
        }

        if (_batch.Count > 0)
        {
            foreach ((HeldPartition held, (long next, int epoch)) in _batch)
            {
                Prove(held, next, epoch);
            }

            _batch.Clear();
        }

        FreeHandLater();
    }

    private static void Prove(HeldPartition held, long next, int leaderEpoch)
    {
        if (!held.IsLost)
        {
            held.Proven = next;
            held.ProvenEpoch = leaderEpoch;
        }
    }

    private void DropFromHand(HeldPartition held)
    {
        if (_hand == held)
        {
            _hand = null;
        }

        _batch.Remove(held);
        FreeHandLater();
    }

    private void FreeHandLater()
    {
        if (_handFreed is { } freed)
        {
            _handFreed = null;
            freed.TrySetResult();
        }
    }
}
