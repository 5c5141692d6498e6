using System.Buffers;
using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.Microbench;

/// <summary>The two hot messages around 64 KiB of records: hand codecs beside the generated ones.</summary>
public class HotCodecBenchmarks
{
    private const int PayloadBytes = 65_536;

    private readonly byte[] _payload = new byte[PayloadBytes];
    private readonly byte[] _output = new byte[PayloadBytes + 200];
    private readonly NameCache _names = new(100);
    private readonly ProduceHead _produceHead = new(12345, "orders", 3, RequiredAcks.Quorum, 30_000, 7);
    private readonly FetchedHead _fetchedHead = new("orders", 3, null, 1_000, 2_000_000, 7);
    private ReadOnlySequence<byte> _request;
    private ReadOnlySequence<byte> _response;

    [GlobalSetup]
    public void Setup()
    {
        _request = new ReadOnlySequence<byte>(_output[..ProduceWriteHand()]);
        _response = new ReadOnlySequence<byte>(_output[..FetchWriteHand()]);
    }

    [Benchmark]
    public int ProduceWriteHand()
    {
        int headBytes = ProduceCodec.HeadBytes(_produceHead, PayloadBytes);
        ProduceCodec.WriteHead(_produceHead, PayloadBytes, _output.AsSpan(0, headBytes));
        _payload.CopyTo(_output, headBytes);
        return headBytes + PayloadBytes;
    }

    [Benchmark]
    public int ProduceWriteGenerated()
    {
        var message = new ProduceRequest
        {
            Batch = new ProduceBatch
            {
                CorrelationId = _produceHead.CorrelationId,
                Topic = _produceHead.Topic,
                Partition = _produceHead.Partition,
                Acks = _produceHead.Acks,
                TimeoutMs = _produceHead.TimeoutMs,
                LeaderEpoch = _produceHead.LeaderEpoch,
                Records = UnsafeByteOperations.UnsafeWrap(_payload),
            },
        };
        int bytes = message.CalculateSize();
        message.WriteTo(_output.AsSpan(0, bytes));
        return bytes;
    }

    [Benchmark]
    public long ProduceParseHand()
    {
        ProduceCodec.TryParse(_request, out ProduceRequestView view);
        return view.Records.Length + _names.Get(view.Topic).Length;
    }

    [Benchmark]
    public long ProduceParseGenerated()
    {
        ProduceBatch batch = ProduceRequest.Parser.ParseFrom(_request).Batch;
        return batch.Records.Length + batch.Topic.Length;
    }

    [Benchmark]
    public int FetchWriteHand()
    {
        int headBytes = FetchCodec.HeadBytes(_fetchedHead, PayloadBytes);
        FetchCodec.WriteHead(_fetchedHead, PayloadBytes, _output.AsSpan(0, headBytes));
        _payload.CopyTo(_output, headBytes);
        return headBytes + PayloadBytes;
    }

    [Benchmark]
    public long FetchParseHand()
    {
        long bytes = 0;
        FetchResponseReader reader = FetchCodec.Read(_response);
        while (reader.MoveNext())
        {
            bytes += reader.Current.Batches.Length;
        }

        return bytes;
    }

    [Benchmark]
    public long FetchParseGenerated() => FetchResponse.Parser.ParseFrom(_response).Partitions.Sum(p => p.Batches.Length);
}
