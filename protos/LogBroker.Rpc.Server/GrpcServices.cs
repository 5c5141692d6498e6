using System.Collections.Frozen;
using Google.Protobuf.Reflection;

namespace LogBroker.Rpc.Server;

/// <summary>The methods that a server offers. Filled before the server starts; not thread-safe while it is filled.</summary>
public sealed class GrpcServices
{
    private readonly Dictionary<string, MethodHandler> _handlers = [];
    private bool _frozen;

    /// <summary>The descriptors of the services with at least one method, in the order in which they were added.</summary>
    public IReadOnlyList<ServiceDescriptor> Descriptors =>
        [.. _handlers.Values.Select(static handler => handler.Method.Descriptor?.Service).OfType<ServiceDescriptor>().Distinct()];

    /// <summary>Offers a method of one request and one response.</summary>
    /// <exception cref="ArgumentException">The method is of another type, or offered already.</exception>
    public GrpcServices Unary<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler) =>
        Add(MethodType.Unary, new UnaryHandler<TRequest, TResponse>(method, handler));

    /// <summary>Offers a method of many requests and one response.</summary>
    /// <inheritdoc cref="Unary"/>
    public GrpcServices ClientStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse> handler) =>
        Add(MethodType.ClientStreaming, new ClientStreamingHandler<TRequest, TResponse>(method, handler));

    /// <summary>Offers a method of one request and many responses.</summary>
    /// <inheritdoc cref="Unary"/>
    public GrpcServices ServerStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler) =>
        Add(MethodType.ServerStreaming, new ServerStreamingHandler<TRequest, TResponse>(method, handler));

    /// <summary>Offers a method of many requests and many responses.</summary>
    /// <inheritdoc cref="Unary"/>
    public GrpcServices Duplex<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler) =>
        Add(MethodType.DuplexStreaming, new DuplexHandler<TRequest, TResponse>(method, handler));

    internal FrozenDictionary<string, MethodHandler> Freeze()
    {
        _frozen = true;
        return _handlers.ToFrozenDictionary();
    }

    private GrpcServices Add(MethodType type, MethodHandler handler)
    {
        if (_frozen)
            throw new InvalidOperationException("The server has started: methods can no longer be added.");
        if (handler.Method.Type != type)
            throw new ArgumentException($"{handler.Method} cannot be handled as {type}.");
        if (!_handlers.TryAdd(handler.Method.FullName, handler))
            throw new ArgumentException($"{handler.Method.FullName} has a handler already.");
        return this;
    }
}
