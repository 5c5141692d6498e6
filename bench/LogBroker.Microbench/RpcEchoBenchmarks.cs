using System.Net;
using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;

namespace LogBroker.Microbench;

/// <summary>One message there and back over loopback, with generated codecs: unary calls, and one duplex stream that stays open.</summary>
public class RpcEchoBenchmarks
{
    private const int MessageBytesMax = 4 * 1024 * 1024;

    private static readonly Marshaller<BytesValue> Bytes = Marshaller.Protobuf(BytesValue.Parser);
    private static readonly Method<BytesValue, BytesValue> Echo = new(MethodType.Unary, "bench.Echo", "Echo", Bytes, Bytes);
    private static readonly Method<BytesValue, BytesValue> EchoMany =
        new(MethodType.DuplexStreaming, "bench.Echo", "EchoMany", Bytes, Bytes);

    private GrpcServer? _server;
    private GrpcChannel? _channel;
    private AsyncDuplexStreamingCall<BytesValue, BytesValue>? _stream;
    private BytesValue _message = new();

    [Params(65_536, 1_048_576)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        var payload = new byte[PayloadBytes];
        new Random(1).NextBytes(payload);
        _message = new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(payload) };
        var services = new GrpcServices();
        services.Unary(Echo, (request, _) => ValueTask.FromResult(request));
        services.Duplex(EchoMany, async (requests, responses, context) =>
        {
            while (await requests.MoveNext(context.CancellationToken))
            {
                await responses.WriteAsync(requests.Current);
            }
        });
        _server = new GrpcServer(
            new GrpcServerOptions { EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)], ReceiveBytesMax = MessageBytesMax },
            services,
            null);
        await _server.StartAsync(CancellationToken.None);
        _channel = GrpcChannel.ForAddress(
            $"http://127.0.0.1:{_server.BoundEndPoints[0].Port}",
            new GrpcChannelOptions { ReceiveBytesMax = MessageBytesMax });
        _stream = _channel.Duplex(EchoMany);
    }

    [Benchmark]
    public async Task<int> Unary() => (await _channel!.Unary(Echo, _message)).Value.Length;

    [Benchmark]
    public async Task<int> Duplex()
    {
        await _stream!.RequestStream.WriteAsync(_message);
        await _stream.ResponseStream.MoveNext();
        return _stream.ResponseStream.Current.Value.Length;
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _stream!.RequestStream.CompleteAsync();
        while (await _stream.ResponseStream.MoveNext())
        {
        }

        _stream.Dispose();
        await _channel!.DisposeAsync();
        await _server!.DisposeAsync();
    }
}
