namespace LogBroker.Rpc;

/// <summary>The limits and timeouts of a <see cref="GrpcChannel"/>. Copied when the channel is made.</summary>
public sealed record GrpcChannelOptions
{
    /// <summary>The largest message accepted, in bytes; default 4 MiB. A longer one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int ReceiveBytesMax { get; init; } = GrpcProtocol.DefaultMessageBytesMax;

    /// <summary>The largest message sent, in bytes; default unlimited (2³¹−1).</summary>
    public int SendBytesMax { get; init; } = int.MaxValue;

    /// <summary>How long a TCP connection may take to be made; default 5 s. After it calls end with UNAVAILABLE.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After this long without a frame a connection with calls is pinged; default 10 s, infinite turns it off.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A ping not answered within this time closes the connection, its calls end with UNAVAILABLE; default 10 s.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection without calls is closed after this time; default 5 min.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Open a further connection when the server's limit of streams per connection is reached (default), instead of waiting
    /// for a stream to end.
    /// </summary>
    public bool EnableMultipleHttp2Connections { get; init; } = true;

    /// <summary>
    /// Bytes that a server may send ahead on each stream, 65,535 to 16 MiB; default 1 MiB. .NET lets it grow to 16 MiB on
    /// fast connections, where the buffers outgrow the array pool and become garbage (about half of what is read): a process
    /// that mostly reads from near servers does well to turn that off with the runtime option
    /// <c>System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing</c>.
    /// </summary>
    public int StreamWindowBytes { get; init; } = 1024 * 1024;

    /// <summary>The clock of deadlines; default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
