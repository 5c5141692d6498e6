using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Where a <see cref="GrpcServer"/> listens, and every limit of it. Kestrel's own defaults are unlimited or off for many of
/// them, so all are set here on purpose. Read when the server starts.
/// </summary>
public sealed record GrpcServerOptions
{
    /// <summary>Where to listen, HTTP/2 without TLS; port 0 takes a free one. Default: loopback, port 0.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; init; } = [new IPEndPoint(IPAddress.Loopback, 0)];

    /// <summary>
    /// The largest request message, in bytes; default 4 MiB. A longer one is refused from its prefix with RESOURCE_EXHAUSTED.
    /// </summary>
    public int ReceiveBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest response message, in bytes; default 64 MiB. A longer one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int SendBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Calls that run at the same time; default 4096. One more is answered with RESOURCE_EXHAUSTED.</summary>
    public int CallsMax { get; init; } = 4096;

    /// <summary>Open connections; default 4096. One more is closed at once.</summary>
    public int ConnectionsMax { get; init; } = 4096;

    /// <summary>
    /// Which file descriptors connections may take; default <see cref="DescriptorBudget.Ordinary"/>. A connection that gets another one
    /// is closed at once.
    /// </summary>
    public DescriptorBudget Descriptors { get; init; } = DescriptorBudget.Ordinary;

    /// <summary>Streams on one connection, told to the client in SETTINGS; default 100.</summary>
    public int StreamsPerConnectionMax { get; init; } = 100;

    /// <summary>All headers of a request together, in bytes; default 32 KiB. More ends the connection or the stream.</summary>
    public int HeadersBytesMax { get; init; } = 32 * 1024;

    /// <summary>One header of a request, in bytes; default 16 KiB.</summary>
    public int HeaderBytesMax { get; init; } = 16 * 1024;

    /// <summary>Headers of a request; default 100.</summary>
    public int HeaderCountMax { get; init; } = 100;

    /// <summary>Flow-control window of a connection, in bytes; default 1 MiB.</summary>
    public int ConnectionWindowBytes { get; init; } = 1024 * 1024;

    /// <summary>Flow-control window of a stream, in bytes; default 768 KiB.</summary>
    public int StreamWindowBytes { get; init; } = 768 * 1024;

    /// <summary>The largest HTTP/2 frame accepted, in bytes, 16 KiB to 16 MiB; default 16 KiB.</summary>
    public int FrameBytesMax { get; init; } = 16 * 1024;

    /// <summary>Response bytes of a connection that wait for the network before writers wait; default 256 KiB.</summary>
    public long ResponseBufferBytesMax { get; init; } = 256 * 1024;

    /// <summary>Time for a new connection to say that it speaks HTTP/2, before it is closed; default 5 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for all headers of a request, from the first; default 10 s.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection without calls is closed after this time; default 10 min.</summary>
    public TimeSpan ConnectionIdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A connection from which nothing came for this long is pinged; default 30 s, infinite turns pings off.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A ping not answered within this time closes the connection; default 20 s.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Time for a request message to arrive whole, from its first byte (the only message of a call: from the call's start);
    /// default 30 s. After it the call ends with DEADLINE_EXCEEDED. It takes the place of a minimum data rate, which streams
    /// that are rightly quiet could not keep.
    /// </summary>
    public TimeSpan MessageReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Time that a written response may wait for a client that does not read; default 5 min. After it the call is reset.
    /// </summary>
    public TimeSpan MessageWriteTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Time that a handler may wait for the next message of a stream; default infinite. After it the call ends with CANCELLED.
    /// </summary>
    public TimeSpan StreamIdleTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Time for a handler to return after its call was cancelled, before its stream is reset; default 1 s.</summary>
    public TimeSpan CancelledCallGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Hears how calls end; null for nobody.</summary>
    public IServerCallObserver? Observer { get; init; }

    /// <summary>The clock of deadlines and timeouts of calls; default the system's. Those of connections are Kestrel's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void ApplyTo(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = ConnectionsMax;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.KeepAliveTimeout = ConnectionIdleTimeout;
        limits.RequestHeadersTimeout = HeadersTimeout;
        limits.MaxRequestHeadersTotalSize = HeadersBytesMax;
        limits.MaxRequestHeaderCount = HeaderCountMax;
        limits.MaxResponseBufferSize = ResponseBufferBytesMax;
        // Bodies of calls are endless and may be quiet: the limits of messages and the timeouts of reads stand in.
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.Http2.MaxStreamsPerConnection = StreamsPerConnectionMax;
        limits.Http2.MaxRequestHeaderFieldSize = HeaderBytesMax;
        limits.Http2.MaxFrameSize = FrameBytesMax;
        limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        limits.Http2.KeepAlivePingDelay = KeepAlivePingDelay == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = KeepAlivePingTimeout;
    }
}
