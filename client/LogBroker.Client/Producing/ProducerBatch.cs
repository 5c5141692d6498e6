using System.Diagnostics;
using System.Runtime.InteropServices;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// Records of one partition on their way: being filled, waiting, sent, ended. Its fields are owned by its <see cref="PartitionQueue"/> and
/// guarded by that one's lock, except for the reference count, which keeps the bytes alive while a stream copies them.
/// </summary>
internal sealed class ProducerBatch
{
    private const int LinksMax = 128;

    private readonly List<PlacedDelivery> _deliveries = [];
    private readonly Lock _finishing = new();
    private TaskCompletionSource? _ended;
    private int _references = 1;

    public ProducerBatch(int bytesMax, CompressionCodec codec)
    {
        BytesMax = bytesMax;
        Builder = new BatchBuilder(bytesMax, codec);
    }

    public int BytesMax { get; }

    public BatchBuilder Builder { get; }

    public PartitionQueue Owner { get; private set; } = null!;

    /// <summary>Memory taken for it from the gate.</summary>
    public long HeldBytes { get; set; }

    /// <summary>When its first record came; a timestamp of the clock.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>When it was sent last; a timestamp of the clock.</summary>
    public long SentAt { get; set; }

    /// <summary>The broker it was sent to last; null until then.</summary>
    public string? Server { get; set; }

    public ProducerIdentity Identity { get; private set; }

    /// <summary>Sequence of its first record; -1 until it is first sent.</summary>
    public int Sequence { get; private set; } = -1;

    /// <summary>The bytes as they were last stamped.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Its place among the batches of its partition, from 1; 0 until it is first sent.</summary>
    public long Place { get; set; }

    /// <summary>The offset that its only record must get, or null.</summary>
    public long? ExpectedOffset { get; private set; }

    /// <summary>The version that the key of its only record must have, or null.</summary>
    public long? ExpectedKeyVersion { get; private set; }

    /// <summary>How often it was sent; the number of an attempt tells its answer from that of an earlier one.</summary>
    public int Attempts { get; set; }

    /// <summary>True when an attempt ended without a definite answer.</summary>
    public bool MayBeWritten { get; set; }

    /// <summary>Why the last attempt failed.</summary>
    public LogBrokerException? LastError { get; set; }

    /// <summary>The outcome, when there is one.</summary>
    public bool IsEnded { get; private set; }

    public ProduceAckView Ack { get; private set; }

    public LogBrokerException? Failure { get; private set; }

    /// <summary>The spans in which records were handed over, at most <see cref="LinksMax"/>; null without tracing.</summary>
    public List<ActivityLink>? Links { get; private set; }

    public int Records => Builder.RecordsCount;

    /// <summary>Records whose failure nobody would hear of but the next flush.</summary>
    public int SilentRecords => Builder.RecordsCount - _deliveries.Count;

    /// <summary>Makes a fresh or a used one ready for a partition.</summary>
    public void Open(PartitionQueue owner, long now)
    {
        Owner = owner;
        OpenedAt = now;
        SentAt = 0;
        Server = null;
        Identity = ProducerIdentity.None;
        Sequence = -1;
        Bytes = default;
        Place = 0;
        ExpectedOffset = null;
        ExpectedKeyVersion = null;
        Attempts = 0;
        MayBeWritten = false;
        LastError = null;
        IsEnded = false;
        Ack = default;
        Failure = null;
        HeldBytes = 0;
        Links = null;
        _ended = null;
        _references = 1;
    }

    /// <summary>Takes over the conditions of its only record.</summary>
    public void Expect(in ProducerRecord record)
    {
        ExpectedOffset = record.ExpectedOffset;
        ExpectedKeyVersion = record.ExpectedKeyVersion;
    }

    public void AddDelivery(in Delivery delivery, long timestampMs) =>
        _deliveries.Add(new PlacedDelivery(delivery, Builder.RecordsCount - 1, timestampMs));

    /// <summary>Remembers the caller's span.</summary>
    public void AddLink(Activity caller)
    {
        Links ??= [];
        if (Links.Count < LinksMax && (Links.Count == 0 || Links[^1].Context != caller.Context))
        {
            Links.Add(new ActivityLink(caller.Context));
        }
    }

    /// <summary>Gives it its place in the sequence of its producer.</summary>
    public void Stamp(ProducerIdentity identity, int sequence)
    {
        if (Sequence != sequence || Identity != identity || Bytes.IsEmpty)
        {
            Identity = identity;
            Sequence = sequence;
            Bytes = default;
        }
    }

    /// <summary>
    /// The bytes to send. Not under the partition's lock: a sender asks while it holds a reference, and nobody stamps a batch that is
    /// being sent. There may be two: one that hangs, and the one that sends the batch again to another leader.
    /// </summary>
    public ReadOnlyMemory<byte> Finish()
    {
        lock (_finishing)
        {
            if (Bytes.IsEmpty)
            {
                Bytes = Builder.Finish(Identity.Id, Identity.Epoch, Sequence);
            }

            return Bytes;
        }
    }

    public void End(in ProduceAckView ack)
    {
        IsEnded = true;
        Ack = ack;
    }

    public void End(LogBrokerException failure)
    {
        IsEnded = true;
        Failure = failure;
    }

    /// <summary>A task for the end of the batch, after all its listeners heard of it. Asked for under the partition's lock.</summary>
    public Task EndedAsync() => (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Tells everybody who waits. Called once, by whoever took the ended batch from the queue.</summary>
    public void Announce(ProducerCore core)
    {
        foreach (ref readonly PlacedDelivery placed in CollectionsMarshal.AsSpan(_deliveries))
        {
            Announce(core, placed);
        }

        _deliveries.Clear();
    }

    /// <summary>Ends the flushes that wait for it.</summary>
    public void AnnounceEnd() => _ended?.TrySetResult();

    public void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>True for the last one: then nobody uses the bytes any more.</summary>
    public bool DropReference() => Interlocked.Decrement(ref _references) == 0;

    private void Announce(ProducerCore core, in PlacedDelivery placed)
    {
        ProduceReceipt receipt = Failure is null ? ReceiptOf(placed) : default;
        switch (placed.Delivery.Target)
        {
            case ReceiptSource source when Failure is null:
                source.Succeed(receipt);
                break;
            case ReceiptSource source:
                source.Fail(Failure);
                break;
            case DeliveryCallback callback:
                try
                {
                    callback(placed.Delivery.State, receipt, Failure);
                }
                catch (Exception e)
                {
                    LogEvents.CallbackThrew(core.Log, e);
                }

                break;
        }
    }

    private ProduceReceipt ReceiptOf(in PlacedDelivery placed)
    {
        long timestampMs = Ack.AppendTimeMs >= 0 ? Ack.AppendTimeMs : placed.TimestampMs;
        return new ProduceReceipt(
            Owner.Topic,
            Owner.Partition,
            Ack.BaseOffset >= 0 ? Ack.BaseOffset + placed.Index : -1,
            RecordTime.Of(timestampMs),
            Ack.LeaderEpoch,
            (Durability)Ack.Durability,
            Ack.IsDuplicate);
    }
}
