using System.Net;
using System.Net.Sockets;

namespace LogBroker.Server;

/// <summary>
/// Finds out whether a process ended: its port refuses connections. A refusal comes from the machine at once; a machine that is gone or
/// cut off says nothing, and that is no answer. A process that is being ended may close its connections before its port, and the machine
/// accepts on its behalf until then: therefore a connection says something only when it is answered. Pure but for what it sends.
/// </summary>
internal static class PeerProbe
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(1);

    /// <summary>HTTP/2's preface and empty settings (RFC 9113 §3.4), which a server answers with its own.</summary>
    private static readonly byte[] Greeting = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    private enum Answer
    {
        Refused,
        Alive,
        Unclear,
    }

    /// <summary>True when the address refuses a connection within the time.</summary>
    public static async Task<bool> IsRefusedAsync(string address, TimeSpan time, CancellationToken cancellationToken)
    {
        HostPort.TryParse(address, out var at);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(time);
        try
        {
            for (var pause = PauseMin; ; pause *= 2)
            {
                var answer = await AskAsync(new DnsEndPoint(at.Host, at.Port), timeout.Token);
                if (answer is not Answer.Unclear)
                    return answer is Answer.Refused;
                await Task.Delay(pause, timeout.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<Answer> AskAsync(DnsEndPoint at, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(at, cancellationToken);
            await socket.SendAsync(Greeting, cancellationToken);
            return await socket.ReceiveAsync(new byte[1], cancellationToken) > 0 ? Answer.Alive : Answer.Unclear;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.ConnectionRefused ? Answer.Refused : Answer.Unclear;
        }
    }
}
