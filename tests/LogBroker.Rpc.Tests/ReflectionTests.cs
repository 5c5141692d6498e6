using LogBroker.Rpc.Server;
using LogBroker.Rpc.Server.Reflection;

namespace LogBroker.Rpc.Tests;

public sealed class ReflectionTests
{
    private static Task<TestServer> StartAsync() =>
        TestServer.StartAsync(services: s => TestService.AddTo(s).AddHealth(new HealthService()).AddReflection());

    [Fact]
    public async Task GrpcurlListsDescribesAndCalls()
    {
        var grpcurl = Peers.Require("grpcurl");
        await using var server = await StartAsync();
        var address = $"127.0.0.1:{server.Port}";

        var services = await RunAsync(grpcurl, "-plaintext", address, "list");
        Assert.Equal(
            [
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
                "grpc.testing.TestService",
            ],
            services.Split('\n', StringSplitOptions.RemoveEmptyEntries));

        var service = await RunAsync(grpcurl, "-plaintext", address, "describe", "grpc.testing.TestService");
        Assert.Contains("rpc FullDuplexCall ( stream .grpc.testing.StreamingOutputCallRequest )", service);
        var message = await RunAsync(grpcurl, "-plaintext", address, "describe", "grpc.testing.SimpleRequest");
        Assert.Contains(".grpc.testing.EchoStatus response_status = 7;", message);

        var answer = await RunAsync(
            grpcurl, "-plaintext", "-d", """{"response_size": 3}""", address, "grpc.testing.TestService/UnaryCall");
        Assert.Contains("\"body\": \"AAAA\"", answer);
    }

    [Fact]
    public async Task AnswersUnknownNamesInTheStream()
    {
        await using var server = await StartAsync();
        using var call = server.Channel.Duplex(StandardServices.ReflectionInfo);
        ServerReflectionRequest[] requests =
        [
            new() { FileContainingSymbol = "no.Such" },
            new() { FileByFilename = "no/such.proto" },
            new() { FileContainingExtension = new ExtensionRequest { ContainingType = "grpc.testing.Empty", ExtensionNumber = 5 } },
            new() { AllExtensionNumbersOfType = "no.Such" },
        ];
        foreach (var request in requests)
        {
            await call.RequestStream.WriteAsync(request);
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal((int)StatusCode.NotFound, call.ResponseStream.Current.ErrorResponse.ErrorCode);
            Assert.Equal(request, call.ResponseStream.Current.OriginalRequest);
        }
        await call.RequestStream.WriteAsync(new ServerReflectionRequest());
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal((int)StatusCode.InvalidArgument, call.ResponseStream.Current.ErrorResponse.ErrorCode);
    }

    [Fact]
    public async Task AFileComesWithItsImports()
    {
        await using var server = await StartAsync();
        using var call = server.Channel.Duplex(StandardServices.ReflectionInfo);
        await call.RequestStream.WriteAsync(
            new ServerReflectionRequest { FileContainingSymbol = "grpc.testing.TestService.EmptyCall" });
        Assert.True(await call.ResponseStream.MoveNext());
        var files = call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto;
        Assert.Equal(Interop.TestReflection.Descriptor.SerializedData, Assert.Single(files));
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output) = await Peers.RunAsync(program, arguments);
        Assert.True(exitCode == 0, output);
        return output;
    }
}
