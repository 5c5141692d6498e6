using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Kestrel's sockets with a listener of our own: Kestrel's accepts again at once, for ever, when the process has no file descriptor
/// left. Thread-safe.
/// </summary>
/// <param name="descriptors">Which descriptors the connections may take.</param>
/// <param name="memory">The memory of the connections' pipes; null for Kestrel's.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Where refusals are said.</param>
public sealed class SocketListeners(
    DescriptorBudget descriptors, IMemoryPoolFactory<byte>? memory, TimeProvider time, ILoggerFactory loggers) : IConnectionListenerFactory
{
    private const string KestrelsCategory = "Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets";

    private readonly ILogger _log = loggers.CreateLogger<SocketListeners>();

    /// <inheritdoc/>
    /// <exception cref="AddressInUseException">Somebody else listens there.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e);
        }

        socket.Listen(new SocketTransportOptions().Backlog);
        var connections = new SocketConnectionContextFactory(Options(), loggers.CreateLogger(KestrelsCategory));
        return new ValueTask<IConnectionListener>(new SocketListener(socket, connections, descriptors, time, _log));
    }

    private SocketConnectionFactoryOptions Options()
    {
        var options = new SocketConnectionFactoryOptions();
        if (memory is null)
            return options;
        try
        {
            SetMemory(options, memory);
        }
        catch (MissingMethodException e)
        {
            // Another version of ASP.NET may do without it. Slower, and no reason not to serve.
            Log.TransportMemoryNotSet(_log, e.Message);
        }

        return options;
    }

    /// <summary>Kestrel sets it by itself on its own listener and offers no other way to those who bring theirs.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_MemoryPoolFactory")]
    private static extern void SetMemory(SocketConnectionFactoryOptions options, IMemoryPoolFactory<byte> memory);
}
