using Google.Protobuf.Reflection;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>The methods of grpc.testing.TestService and of the service that no server offers.</summary>
public static class TestServiceMethods
{
    public static readonly ServiceDescriptor Service = TestReflection.Descriptor.Services[0];
    public static readonly ServiceDescriptor Unimplemented = TestReflection.Descriptor.Services[1];

    public static readonly Method<Empty, Empty> EmptyCall =
        Method.Create(Service, "EmptyCall", Empty.Parser, Empty.Parser);

    public static readonly Method<SimpleRequest, SimpleResponse> UnaryCall =
        Method.Create(Service, "UnaryCall", SimpleRequest.Parser, SimpleResponse.Parser);

    public static readonly Method<SimpleRequest, SimpleResponse> CacheableUnaryCall =
        Method.Create(Service, "CacheableUnaryCall", SimpleRequest.Parser, SimpleResponse.Parser);

    public static readonly Method<StreamingOutputCallRequest, StreamingOutputCallResponse> StreamingOutputCall =
        Method.Create(Service, "StreamingOutputCall", StreamingOutputCallRequest.Parser, StreamingOutputCallResponse.Parser);

    public static readonly Method<StreamingInputCallRequest, StreamingInputCallResponse> StreamingInputCall =
        Method.Create(Service, "StreamingInputCall", StreamingInputCallRequest.Parser, StreamingInputCallResponse.Parser);

    public static readonly Method<StreamingOutputCallRequest, StreamingOutputCallResponse> FullDuplexCall =
        Method.Create(Service, "FullDuplexCall", StreamingOutputCallRequest.Parser, StreamingOutputCallResponse.Parser);

    public static readonly Method<StreamingOutputCallRequest, StreamingOutputCallResponse> HalfDuplexCall =
        Method.Create(Service, "HalfDuplexCall", StreamingOutputCallRequest.Parser, StreamingOutputCallResponse.Parser);

    public static readonly Method<Empty, Empty> UnimplementedCall =
        Method.Create(Service, "UnimplementedCall", Empty.Parser, Empty.Parser);

    public static readonly Method<Empty, Empty> UnimplementedServiceCall =
        Method.Create(Unimplemented, "UnimplementedCall", Empty.Parser, Empty.Parser);
}
