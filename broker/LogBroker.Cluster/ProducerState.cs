using System.Runtime.CompilerServices;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>One remembered batch of a producer.</summary>
internal struct ProducerSlot
{
    public int BaseSequence;
    public int LastSequence;
    public Offset BaseOffset;
    public Offset NextOffset;
    public Epoch LeaderEpoch;
    public long AppendTimeMs;
    public int Bytes;
    public bool HasCrc;
    public uint Crc;
}

/// <summary>
/// The last batches of one idempotent producer in one partition: a ring of <see cref="Limits.ProducerWindowBatches"/>, and its place
/// in the table's order of last appends. Owned by its <see cref="ProducerTable"/>.
/// </summary>
internal sealed class ProducerState(ProducerId id)
{
    private Ring _slots;

    public ProducerId Id => id;

    /// <summary>The producer's epoch, -1 before its first batch.</summary>
    public short Epoch { get; set; } = -1;

    /// <summary>Remembered batches of <see cref="Epoch"/>.</summary>
    public int Count { get; private set; }

    /// <summary>Milliseconds of running time at the last append.</summary>
    public long LastAppendMs { get; set; }

    /// <summary>Neighbours in the order of last appends.</summary>
    public ProducerState? Older { get; set; }

    /// <summary>Neighbours in the order of last appends.</summary>
    public ProducerState? Newer { get; set; }

    /// <summary>The sequence that the next batch must begin with; only with <see cref="Count"/> above 0.</summary>
    public int ExpectedSequence => (int)((this[Count - 1].LastSequence + 1L) & int.MaxValue);

    /// <summary>Where the next batch goes in the ring.</summary>
    public int Next { get; private set; }

    /// <summary>A remembered batch, 0 being the oldest.</summary>
    public ref ProducerSlot this[int age] =>
        ref _slots[(Next - Count + age + (2 * Limits.ProducerWindowBatches)) % Limits.ProducerWindowBatches];

    /// <summary>The slot that the next <see cref="Push"/> overwrites.</summary>
    public ProducerSlot Overwritten => _slots[Next];

    /// <summary>Remembers a batch, forgetting the oldest when the window is full; another epoch forgets all.</summary>
    public void Push(short epoch, in ProducerSlot slot)
    {
        if (epoch != Epoch)
        {
            Epoch = epoch;
            Count = 0;
        }

        _slots[Next] = slot;
        Next = (Next + 1) % Limits.ProducerWindowBatches;
        Count = Math.Min(Count + 1, Limits.ProducerWindowBatches);
    }

    /// <summary>Takes back the last <see cref="Push"/>.</summary>
    public void Restore(short epoch, int next, int count, in ProducerSlot overwritten)
    {
        Epoch = epoch;
        Next = next;
        Count = count;
        _slots[next] = overwritten;
    }

    /// <summary>Forgets the newest remembered batch.</summary>
    public void DropNewest()
    {
        Next = (Next - 1 + Limits.ProducerWindowBatches) % Limits.ProducerWindowBatches;
        Count--;
    }

    [InlineArray(Limits.ProducerWindowBatches)]
    private struct Ring
    {
        private ProducerSlot _first;
    }
}
