using System.Diagnostics;
using System.Globalization;

namespace LogBroker.Microbench;

/// <summary>
/// A logbrokerd of its own, from its build output, in a directory that goes away with it: what it allocates is not the client's.
/// </summary>
internal sealed class BrokerProcess : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("logbroker-bench-").FullName;
    private readonly HttpClient _http = new();
    private readonly Process _process;
    private readonly string _httpAddress;

    public BrokerProcess()
    {
        string program = Path.Combine(RepositoryRoot.Path, "broker/LogBroker.Server/bin/Release/net10.0/logbrokerd");
        var start = new ProcessStartInfo(program, ["--data-dir", _directory, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
        string ready = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the broker did not start");
        string[] fields = ready.Split(' ');
        Address = Field(fields, "grpc=");
        _httpAddress = Field(fields, "http=");
    }

    /// <summary>HOST:PORT of its gRPC.</summary>
    public string Address { get; }

    /// <summary>Bytes that the process has allocated on its managed heap so far.</summary>
    public long AllocatedBytes()
    {
        string text = _http.GetStringAsync(new Uri($"http://{_httpAddress}/metrics")).GetAwaiter().GetResult();
        string line = text.Split('\n').Single(l => l.StartsWith("dotnet_gc_heap_total_allocated", StringComparison.Ordinal));
        return (long)double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Field(string[] fields, string name) =>
        fields.Single(f => f.StartsWith(name, StringComparison.Ordinal))[name.Length..];
}
