using BenchmarkDotNet.Attributes;
using LogBroker.Protocol;

namespace LogBroker.Microbench;

/// <summary>The checksum of one batch.</summary>
public class Crc32CBenchmarks
{
    private byte[] _bytes = [];

    [Params(61, 1024, 65_536, 1_048_576)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _bytes = new byte[Bytes];
        new Random(1).NextBytes(_bytes);
    }

    [Benchmark]
    public uint Compute() => Crc32C.Compute(_bytes);
}
