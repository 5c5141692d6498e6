using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using LogBroker.Protocol;

namespace LogBroker.Microbench;

/// <summary>One batch of 1,000 records with a key of 8 bytes: built by a producer, checked by the broker, read by a consumer.</summary>
public class BatchBenchmarks : IDisposable
{
    private const int Records = 1000;

    private readonly byte[] _key = new byte[8];
    private byte[] _value = [];
    private byte[] _plain = [];
    private byte[] _gzip = [];
    private readonly BatchBuilder _builder = new(Limits.BatchBytesMax);
    private readonly BatchBuilder _gzipBuilder = new(Limits.BatchBytesMax, CompressionCodec.Gzip);
    private BatchRules _rules;

    [Params(100, 1000)]
    public int ValueBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var text = new StringBuilder();
        for (int i = 0; text.Length < ValueBytes; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"field{i}={i * 7919 % 10007};");
        }

        _value = Encoding.UTF8.GetBytes(text.ToString(0, ValueBytes));
        _rules = new BatchRules(Limits.BatchBytesMax, TimestampType.CreateTime, 0, long.MaxValue);
        _plain = Build(_builder).ToArray();
        _gzip = Build(_gzipBuilder).ToArray();
    }

    [Benchmark]
    public int Build() => Build(_builder).Length;

    [Benchmark]
    public int BuildGzip() => Build(_gzipBuilder).Length;

    [Benchmark]
    public bool Validate() => BatchValidator.Check(_plain, _rules, out _) is null;

    [Benchmark]
    public long Read() => Read(_plain);

    [Benchmark]
    public long ReadGzip() => Read(_gzip);

    public void Dispose()
    {
        _builder.Dispose();
        _gzipBuilder.Dispose();
        GC.SuppressFinalize(this);
    }

    private ReadOnlyMemory<byte> Build(BatchBuilder builder)
    {
        builder.Reset();
        for (int i = 0; i < Records; i++)
        {
            builder.TryAppend(1_700_000_000_000 + i, _key, _value);
        }

        return builder.Finish(new ProducerId(1), 0, 0);
    }

    private static long Read(byte[] batch)
    {
        long bytes = 0;
        RecordReader.TryOpen(batch, Limits.InflatedBytesMax, out RecordReader reader);
        while (reader.MoveNext())
        {
            bytes += reader.Current.Value!.Value.Length;
        }

        return bytes;
    }
}
