using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Traces and metrics arrive at a collector, over both forms of OTLP.</summary>
public sealed class TelemetryTests
{
    private static readonly TimeSpan ArriveTime = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Otlp_over_http()
    {
        var sink = new Sink();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            sink.Add(signal, body.ToArray());
        });
        await collector.StartAsync();
        await using var server = await ServerProcess.StartAsync(
            arguments: ["--telemetry:otlpprotocol", "http", "--telemetry:otlpinterval", "200ms"],
            environment: new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.First() });
        await SeeAsync(server, sink);
    }

    [Fact]
    public async Task Otlp_over_grpc()
    {
        var sink = new Sink();
        var services = new GrpcServices();
        foreach (string signal in (string[])["trace", "metrics"])
        {
            string name = signal == "trace" ? "TraceService" : "MetricsService";
            var export = new Method<byte[], byte[]>(
                MethodType.Unary, $"opentelemetry.proto.collector.{signal}.v1.{name}", "Export", new Raw(), new Raw());
            services.Unary(export, (request, _) =>
            {
                sink.Add(signal == "trace" ? "traces" : "metrics", request);
                return ValueTask.FromResult<byte[]>([]);
            });
        }

        await using var collector = new GrpcServer(new GrpcServerOptions(), services);
        await collector.StartAsync();
        await using var server = await ServerProcess.StartAsync(
            arguments: ["--telemetry:otlpendpoint", $"http://{collector.BoundEndPoints[0]}", "--telemetry:otlpinterval", "200ms"]);
        await SeeAsync(server, sink);
    }

    private static async Task SeeAsync(ServerProcess server, Sink sink)
    {
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("traced");
        await sink.WaitAsync("traces", "Topics/CreateTopic").WaitAsync(ArriveTime);
        await sink.WaitAsync("metrics", "logbroker_request_duration_seconds").WaitAsync(ArriveTime);
        await sink.WaitAsync("metrics", "logbrokerd").WaitAsync(ArriveTime);
        Assert.Equal(0, await server.StopAsync());
    }

    /// <summary>Keeps what came, and wakes whoever waits for a text in it.</summary>
    private sealed class Sink
    {
        private readonly ConcurrentBag<(string Signal, string Body)> _bodies = [];
        private volatile TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Add(string signal, byte[] body)
        {
            _bodies.Add((signal, Encoding.Latin1.GetString(body)));
            Interlocked.Exchange(ref _arrived, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }

        public async Task WaitAsync(string signal, string text)
        {
            while (true)
            {
                var arrived = _arrived.Task;
                if (_bodies.Any(one => one.Signal == signal && one.Body.Contains(text, StringComparison.Ordinal)))
                    return;
                await arrived;
            }
        }
    }

    private sealed class Raw : Marshaller<byte[]>
    {
        public override int GetSize(byte[] message) => message.Length;

        public override void Serialize(byte[] message, IBufferWriter<byte> output) => output.Write(message);

        public override byte[] Deserialize(in ReadOnlySequence<byte> body) => body.ToArray();
    }
}
