using LogBroker.Rpc.Server.Health;
using LogBroker.Rpc.Server.Reflection;

namespace LogBroker.Rpc.Server;

/// <summary>Adds the services that gRPC's tools expect of every server.</summary>
public static class StandardServices
{
    internal static readonly Method<HealthCheckRequest, HealthCheckResponse> HealthCheck = Method.Create(
        HealthReflection.Descriptor.Services[0], "Check", HealthCheckRequest.Parser, HealthCheckResponse.Parser);

    internal static readonly Method<HealthCheckRequest, HealthCheckResponse> HealthWatch = Method.Create(
        HealthReflection.Descriptor.Services[0], "Watch", HealthCheckRequest.Parser, HealthCheckResponse.Parser);

    internal static readonly Method<ServerReflectionRequest, ServerReflectionResponse> ReflectionInfo = Method.Create(
        ReflectionReflection.Descriptor.Services[0],
        "ServerReflectionInfo",
        ServerReflectionRequest.Parser,
        ServerReflectionResponse.Parser);

    // The two versions are the same bytes on the wire, so v1's messages serve both.
    private static readonly Method<ServerReflectionRequest, ServerReflectionResponse> ReflectionInfoAlpha = Method.Create(
        ReflectionAlpha.ReflectionReflection.Descriptor.Services[0],
        "ServerReflectionInfo",
        Marshaller.Protobuf(ServerReflectionRequest.Parser),
        Marshaller.Protobuf(ServerReflectionResponse.Parser));

    /// <summary>Offers <c>grpc.health.v1.Health</c>.</summary>
    public static GrpcServices AddHealth(this GrpcServices services, HealthService health) => services
        .Unary(HealthCheck, health.CheckAsync)
        .ServerStreaming(HealthWatch, health.WatchAsync);

    /// <summary>
    /// Offers <c>grpc.reflection.v1.ServerReflection</c> and its v1alpha form, which describe all services of the server:
    /// what <c>grpcurl list</c> and <c>describe</c> ask for.
    /// </summary>
    public static GrpcServices AddReflection(this GrpcServices services)
    {
        var reflection = new ReflectionService(services);
        return services
            .Duplex(ReflectionInfo, reflection.AnswerAsync)
            .Duplex(ReflectionInfoAlpha, reflection.AnswerAsync);
    }
}
