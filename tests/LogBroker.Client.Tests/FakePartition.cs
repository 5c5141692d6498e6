using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using WireReceipt = LogBroker.Protocol.V1.ProduceReceipt;

namespace LogBroker.Client.Tests;

/// <summary>A partition of the fake broker: a list of batches and the memory of producers, by the rules of the real one.</summary>
internal sealed class FakePartition(string topic, int partition)
{
    private readonly Lock _lock = new();
    private readonly List<(long BaseOffset, long NextOffset, byte[] Bytes)> _batches = [];
    private readonly Dictionary<long, ProducerMemory> _producers = [];
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long LogStart { get; private set; }

    public long End { get; private set; }

    public int MessageBytesMax { get; set; } = Limits.BatchBytesDefault;

    public int BatchCount => _batches.Count;

    public Task Grown
    {
        get
        {
            lock (_lock)
            {
                return _grown.Task;
            }
        }
    }

    /// <summary>Appends a batch, recognises a duplicate, or refuses.</summary>
    public (WireReceipt? Receipt, ErrorCode Error) Append(ReadOnlySpan<byte> sent, long? expectedOffset = null)
    {
        lock (_lock)
        {
            byte[] bytes = sent.ToArray();
            var batch = new RecordBatch(bytes);
            if (batch.Check() != BatchFault.None)
            {
                return (null, ErrorCode.CorruptBatch);
            }

            if (bytes.Length > MessageBytesMax)
            {
                return (null, ErrorCode.RecordTooLarge);
            }

            if (batch.ProducerId.IsSome)
            {
                (long? known, ErrorCode error) = CheckSequence(batch);
                if (error != ErrorCode.None)
                {
                    return (null, error);
                }

                if (known is { } offset)
                {
                    return (ReceiptOf(offset, isDuplicate: true), ErrorCode.None);
                }
            }

            if (expectedOffset is { } expected && expected != End)
            {
                return (null, ErrorCode.OffsetMismatch);
            }

            long baseOffset = End;
            BatchHeader.StampBaseOffset(bytes, new Offset(baseOffset));
            BatchHeader.StampLeaderEpoch(bytes, new Epoch(1));
            Remember(batch, baseOffset);
            End += batch.RecordsCount;
            _batches.Add((baseOffset, End, bytes));
            TaskCompletionSource grown = _grown;
            _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
            grown.TrySetResult();
            return (ReceiptOf(baseOffset, isDuplicate: false), ErrorCode.None);
        }
    }

    public FetchedPartition Fetch(long offset, int bytesMax, long knownEnd = long.MaxValue)
    {
        lock (_lock)
        {
            var answer = new FetchedPartition
            {
                Topic = topic,
                Partition = partition,
                LogStartOffset = LogStart,
                HighWatermark = Math.Min(End, knownEnd),
                LeaderEpoch = 1,
            };
            if (offset < LogStart || offset > End)
            {
                answer.Error = StatusDetails.ToStatus(new BrokerError(
                    ErrorCode.OffsetOutOfRange, $"offset {offset} is not in {LogStart}..{End}"));
                return answer;
            }

            var bytes = new MemoryStream();
            foreach ((long _, long next, byte[] batch) in _batches)
            {
                if (next > knownEnd)
                {
                    break;
                }

                if (next > offset && (bytes.Length == 0 || bytes.Length + batch.Length <= bytesMax))
                {
                    bytes.Write(batch);
                }
                else if (next > offset)
                {
                    break;
                }
            }

            answer.Batches = ByteString.CopyFrom(bytes.ToArray());
            return answer;
        }
    }

    public void Trim(long logStart)
    {
        lock (_lock)
        {
            LogStart = logStart;
            _batches.RemoveAll(b => b.NextOffset <= logStart);
        }
    }

    public void Damage()
    {
        lock (_lock)
        {
            _batches[^1].Bytes[^1] ^= 1;
        }
    }

    /// <summary>What happens when producer state expires.</summary>
    public void ForgetProducers()
    {
        lock (_lock)
        {
            _producers.Clear();
        }
    }

    /// <summary>The values of all records as text, in order.</summary>
    public IReadOnlyList<string> Values()
    {
        lock (_lock)
        {
            var values = new List<string>();
            foreach ((_, _, byte[] bytes) in _batches)
            {
                Assert.Null(RecordReader.TryOpen(bytes, int.MaxValue, out RecordReader reader));
                while (reader.MoveNext())
                {
                    values.Add(System.Text.Encoding.UTF8.GetString(reader.Current.Value.GetValueOrDefault().Span));
                }
            }

            return values;
        }
    }

    /// <summary>The newest record of each key that is no tombstone, in the order of the keys' bytes.</summary>
    public SortedDictionary<byte[], Protocol.V1.TableEntry> Fold()
    {
        var table = new SortedDictionary<byte[], Protocol.V1.TableEntry>(
            Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        lock (_lock)
        {
            foreach ((_, _, byte[] bytes) in _batches)
            {
                Assert.Null(RecordReader.TryOpen(bytes, int.MaxValue, out RecordReader reader));
                while (reader.MoveNext())
                {
                    Fold(table, reader.Current);
                }
            }
        }

        return table;
    }

    private static void Fold(SortedDictionary<byte[], Protocol.V1.TableEntry> table, in LogRecord record)
    {
        byte[] key = record.Key.GetValueOrDefault().ToArray();
        if (record.Value is not { } value)
        {
            table.Remove(key);
            return;
        }

        table[key] = new Protocol.V1.TableEntry
        {
            Key = ByteString.CopyFrom(key),
            Found = true,
            Value = ByteString.CopyFrom(value.Span),
            Offset = record.Offset.Value,
            TimestampMs = record.TimestampMs,
        };
    }

    private static WireReceipt ReceiptOf(long offset, bool isDuplicate) => new()
    {
        BaseOffset = offset,
        LeaderEpoch = 1,
        Durability = Protocol.V1.Durability.QuorumFsync,
        Duplicate = isDuplicate,
        AppendTimeMs = -1,
    };

    private (long? Known, ErrorCode Error) CheckSequence(RecordBatch batch)
    {
        if (!_producers.TryGetValue(batch.ProducerId.Value, out ProducerMemory? memory))
        {
            return (null, batch.BaseSequence == 0 ? ErrorCode.None : ErrorCode.UnknownProducer);
        }

        if (batch.ProducerEpoch < memory.Epoch)
        {
            return (null, ErrorCode.ProducerFenced);
        }

        if (batch.ProducerEpoch > memory.Epoch)
        {
            return (null, batch.BaseSequence == 0 ? ErrorCode.None : ErrorCode.OutOfOrderSequence);
        }

        foreach ((int first, int last, long offset, uint crc) in memory.Window)
        {
            if (first == batch.BaseSequence)
            {
                return last == batch.LastSequence && crc == batch.Crc ? (offset, ErrorCode.None) : (null, ErrorCode.SequenceReuse);
            }
        }

        return batch.BaseSequence == memory.Next ? (null, ErrorCode.None)
            : batch.BaseSequence < memory.Next ? (null, ErrorCode.DuplicateSequence)
            : (null, ErrorCode.OutOfOrderSequence);
    }

    private void Remember(RecordBatch batch, long offset)
    {
        if (!batch.ProducerId.IsSome)
        {
            return;
        }

        if (!_producers.TryGetValue(batch.ProducerId.Value, out ProducerMemory? memory) || memory.Epoch != batch.ProducerEpoch)
        {
            memory = new ProducerMemory(batch.ProducerEpoch);
            _producers[batch.ProducerId.Value] = memory;
        }

        memory.Window.Enqueue((batch.BaseSequence, batch.LastSequence, offset, batch.Crc));
        memory.Next = batch.LastSequence + 1;
        if (memory.Window.Count > Limits.ProducerWindowBatches)
        {
            memory.Window.Dequeue();
        }
    }

    private sealed class ProducerMemory(short epoch)
    {
        public short Epoch => epoch;

        public int Next { get; set; }

        public Queue<(int First, int Last, long Offset, uint Crc)> Window { get; } = new();
    }
}
