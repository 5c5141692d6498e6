using BenchmarkDotNet.Attributes;
using LogBroker.Client;

namespace LogBroker.Microbench;

/// <summary>
/// Records of 100 and of 1,000 bytes through the SDK to a broker in a process of its own, and back. The operation is one record: the
/// Allocated column is what it costs the client; what it costs the broker is printed behind each run.
/// </summary>
public class SdkBenchmarks
{
    private const int Records = 50_000;
    private const string Topic = "bench";

    private readonly BrokerProcess _broker = new();
    private LogBrokerClient? _client;
    private Producer? _producer;
    private byte[] _value = [];
    private long _brokerBytesBefore;
    private long _records;
    private string _method = "";

    /// <summary>By the name of a benchmark, as in the baseline: bytes a record cost the broker, batches and connections included.</summary>
    internal static Dictionary<string, double> BrokerBytesPerRecord { get; } = [];

    [Params(100, 1_000)]
    public int ValueBytes { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        _value = new byte[ValueBytes];
        new Random(1).NextBytes(_value);
        _client = new LogBrokerClient(_broker.Address);
        await _client.Topics.EnsureAsync(Topic, topic => topic.Config["durability"] = "memory");
        _producer = _client.CreateProducer();
        await Produce();
        await Read();
        _records = 0;
        _brokerBytesBefore = _broker.AllocatedBytes();
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public async Task Produce()
    {
        for (int i = 0; i < Records; i++)
        {
            await _producer!.EnqueueAsync(Topic, new ProducerRecord(_value));
        }

        await _producer!.FlushAsync();
        _records += Records;
        _method = nameof(Produce);
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public async Task<long> Read()
    {
        long bytes = 0;
        await foreach (ConsumedRecord record in _client!.ReadAsync(Topic, Position.Start, Position.AfterStart(Records)))
        {
            bytes += record.Value!.Value.Length;
        }

        _records += Records;
        _method = nameof(Read);
        return bytes;
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        double perRecord = (_broker.AllocatedBytes() - _brokerBytesBefore) / (double)_records;
        BrokerBytesPerRecord[$"{nameof(SdkBenchmarks)}.{_method}({nameof(ValueBytes)}={ValueBytes})"] = Math.Round(perRecord, 1);
        Console.WriteLine($"// The broker allocated {perRecord:F1} bytes per record, batches and connections included");
        await _producer!.DisposeAsync();
        await _client!.DisposeAsync();
        _broker.Dispose();
    }
}
