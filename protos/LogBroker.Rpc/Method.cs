using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace LogBroker.Rpc;

/// <summary>A method of a service: what the client calls and the server is given a handler for. Immutable.</summary>
public abstract class Method
{
    private protected Method(MethodType type, string serviceName, string name, MethodDescriptor? descriptor)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceName);
        ArgumentException.ThrowIfNullOrEmpty(name);
        Type = type;
        ServiceName = serviceName;
        Name = name;
        FullName = $"/{serviceName}/{name}";
        Descriptor = descriptor;
    }

    /// <summary>Which side streams.</summary>
    public MethodType Type { get; }

    /// <summary>The full name of the service, such as <c>logbroker.v1.Topics</c>.</summary>
    public string ServiceName { get; }

    /// <summary>The name within the service, such as <c>CreateTopic</c>.</summary>
    public string Name { get; }

    /// <summary>The path on the wire: <c>/service/method</c>.</summary>
    public string FullName { get; }

    /// <summary>The descriptor it was made from; null when it was made from bare names. Reflection serves its file.</summary>
    public MethodDescriptor? Descriptor { get; }

    /// <summary>A method of a described service, with the generated codecs.</summary>
    /// <exception cref="ArgumentException">The service has no such method, or its message types differ.</exception>
    public static Method<TRequest, TResponse> Create<TRequest, TResponse>(
        ServiceDescriptor service, string name, MessageParser<TRequest> requests, MessageParser<TResponse> responses)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var method = Find(service, name);
        RequireType(method, method.InputType, typeof(TRequest));
        RequireType(method, method.OutputType, typeof(TResponse));
        return new(method, Marshaller.Protobuf(requests), Marshaller.Protobuf(responses));
    }

    /// <summary>A method of a described service, with own codecs (which must be byte-compatible with the description).</summary>
    /// <exception cref="ArgumentException">The service has no such method.</exception>
    public static Method<TRequest, TResponse> Create<TRequest, TResponse>(
        ServiceDescriptor service, string name, Marshaller<TRequest> requests, Marshaller<TResponse> responses) =>
        new(Find(service, name), requests, responses);

    /// <inheritdoc/>
    public override string ToString() => $"{Type} {FullName}";

    private static MethodDescriptor Find(ServiceDescriptor service, string name) =>
        service.FindMethodByName(name)
        ?? throw new ArgumentException($"Service {service.FullName} has no method {name}.", nameof(name));

    private static void RequireType(MethodDescriptor method, MessageDescriptor message, System.Type given)
    {
        if (message.ClrType != given)
            throw new ArgumentException($"{method.FullName} takes {message.ClrType}, not {given}.");
    }
}

/// <summary>A method with the codecs of its messages. Immutable, usually held in a static field.</summary>
/// <typeparam name="TRequest">What the client sends.</typeparam>
/// <typeparam name="TResponse">What the server sends.</typeparam>
public sealed class Method<TRequest, TResponse> : Method
{
    /// <summary>A method from bare names, without a description.</summary>
    public Method(
        MethodType type, string serviceName, string name, Marshaller<TRequest> requestMarshaller, Marshaller<TResponse> responseMarshaller)
        : base(type, serviceName, name, null)
    {
        RequestMarshaller = requestMarshaller;
        ResponseMarshaller = responseMarshaller;
    }

    internal Method(MethodDescriptor descriptor, Marshaller<TRequest> requestMarshaller, Marshaller<TResponse> responseMarshaller)
        : base(TypeOf(descriptor), descriptor.Service.FullName, descriptor.Name, descriptor)
    {
        RequestMarshaller = requestMarshaller;
        ResponseMarshaller = responseMarshaller;
    }

    /// <summary>The codec of requests.</summary>
    public Marshaller<TRequest> RequestMarshaller { get; }

    /// <summary>The codec of responses.</summary>
    public Marshaller<TResponse> ResponseMarshaller { get; }

    private static MethodType TypeOf(MethodDescriptor method) => (method.IsClientStreaming, method.IsServerStreaming) switch
    {
        (false, false) => MethodType.Unary,
        (true, false) => MethodType.ClientStreaming,
        (false, true) => MethodType.ServerStreaming,
        (true, true) => MethodType.DuplexStreaming,
    };
}
