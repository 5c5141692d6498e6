using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;

namespace LogBroker.Rpc;

/// <summary>
/// The client's way to one server: starts calls over a pool of HTTP/2 connections to one address. Connections are made when
/// a call needs one and made anew after a failure; nothing is retried here. Thread-safe; one per server is enough.
/// </summary>
public sealed class GrpcChannel : IAsyncDisposable, IDisposable
{
    private readonly SocketsHttpHandler _handler;
    private readonly ConcurrentDictionary<string, Uri> _uris = new();
    private volatile bool _disposed;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
    {
        Address = address;
        Options = options;
        _handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ReadAheadStream.ConnectAsync,
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = options.EnableMultipleHttp2Connections,
            InitialHttp2StreamWindowSize = options.StreamWindowBytes,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = options.IdleTimeout,
            UseCookies = false,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { ApplicationProtocols = [SslApplicationProtocol.Http2] },
        };
        Invoker = new HttpMessageInvoker(_handler, disposeHandler: true);
    }

    /// <summary>The server's address.</summary>
    public Uri Address { get; }

    /// <summary>The limits that the channel was made with.</summary>
    public GrpcChannelOptions Options { get; }

    internal HttpMessageInvoker Invoker { get; }

    /// <summary>
    /// A channel to <c>http://host:port</c> (HTTP/2 without TLS) or <c>https://host:port</c>. Connects with the first call.
    /// </summary>
    /// <exception cref="ArgumentException">The address is no absolute http or https address, or has a path.</exception>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions? options = null)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
            throw new ArgumentException($"'{Escaped.Cut(address)}' is no address like http://host:port.", nameof(address));
        return ForAddress(uri, options);
    }

    /// <inheritdoc cref="ForAddress(string, GrpcChannelOptions?)"/>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions? options = null)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https") || address.PathAndQuery != "/")
            throw new ArgumentException($"'{Escaped.Cut(address.ToString())}' is no address like http://host:port.", nameof(address));
        return new GrpcChannel(address, options ?? new GrpcChannelOptions());
    }

    /// <summary>Starts a call of one request and one response; await the result, or use its parts.</summary>
    public AsyncUnaryCall<TResponse> Unary<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, CallOptions options = default)
    {
        Require(method, MethodType.Unary);
        var call = ClientCall<TRequest, TResponse>.Start(this, method, options, request);
        return new AsyncUnaryCall<TResponse>(call, call.ReadSingleResponseAsync());
    }

    /// <summary>Starts a call of one request and many responses.</summary>
    public AsyncServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, CallOptions options = default)
    {
        Require(method, MethodType.ServerStreaming);
        var call = ClientCall<TRequest, TResponse>.Start(this, method, options, request);
        return new AsyncServerStreamingCall<TResponse>(call, call.Reader);
    }

    /// <summary>Starts a call of many requests and one response.</summary>
    public AsyncClientStreamingCall<TRequest, TResponse> ClientStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method, CallOptions options = default)
    {
        Require(method, MethodType.ClientStreaming);
        var call = ClientCall<TRequest, TResponse>.Start(this, method, options);
        return new AsyncClientStreamingCall<TRequest, TResponse>(call, call.Writer!, call.ReadSingleResponseAsync());
    }

    /// <summary>Starts a call of many requests and many responses.</summary>
    public AsyncDuplexStreamingCall<TRequest, TResponse> Duplex<TRequest, TResponse>(
        Method<TRequest, TResponse> method, CallOptions options = default)
    {
        Require(method, MethodType.DuplexStreaming);
        var call = ClientCall<TRequest, TResponse>.Start(this, method, options);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(call, call.Writer!, call.Reader);
    }

    /// <summary>Closes all connections; calls that run end with UNAVAILABLE or CANCELLED.</summary>
    public void Dispose()
    {
        _disposed = true;
        Invoker.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal Uri UriOf(Method method) =>
        _uris.GetOrAdd(method.FullName, static (path, address) => new Uri(address, path), Address);

    private void Require(Method method, MethodType type)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (method.Type != type)
            throw new ArgumentException($"{method} cannot be called as {type}.", nameof(method));
    }
}
