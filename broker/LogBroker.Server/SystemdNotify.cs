using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LogBroker.Server;

/// <summary>
/// Tells systemd how the service is doing, by the datagrams of <c>sd_notify(3)</c> to the socket in <c>NOTIFY_SOCKET</c>; a unit
/// of <c>Type=notify</c> waits for <see cref="Ready"/>. Without that variable every call does nothing and returns false. Never
/// throws: an unreachable service manager is no reason to stop serving. Thread-safe.
/// </summary>
public static class SystemdNotify
{
    /// <summary>The environment variable that names the socket: a path, or <c>@name</c> in the abstract namespace.</summary>
    public const string SocketVariable = "NOTIFY_SOCKET";

    /// <summary>Start-up is done: the service serves.</summary>
    /// <param name="status">What <c>systemctl status</c> shows, one line; nothing when null.</param>
    public static bool Ready(string? status = null) => Send("READY=1", status);

    /// <summary>The service is on its way out.</summary>
    /// <param name="status">What <c>systemctl status</c> shows, one line; nothing when null.</param>
    public static bool Stopping(string? status = null) => Send("STOPPING=1", status);

    /// <summary>How far it is, as "recovering, 40 % of the log": one line for <c>systemctl status</c>.</summary>
    public static bool Status(string status) => Send(null, status);

    /// <summary>
    /// Asks for more time to start or stop: systemd gives up when neither this nor <see cref="Ready"/> comes again within
    /// <paramref name="wait"/>. To be called all the time while a long recovery makes progress.
    /// </summary>
    public static bool ExtendTimeout(TimeSpan wait, string? status = null) =>
        Send("EXTEND_TIMEOUT_USEC=" + ((long)wait.TotalMicroseconds).ToString(CultureInfo.InvariantCulture), status);

    private static bool Send(string? assignment, string? status)
    {
        var name = Environment.GetEnvironmentVariable(SocketVariable);
        if (string.IsNullOrEmpty(name) || name[0] is not ('/' or '@'))
            return false;

        var message = new StringBuilder(assignment);
        if (status is not null)
            message.Append(message.Length > 0 ? "\n" : "").Append("STATUS=").Append(status.ReplaceLineEndings(" "));
        try
        {
            // The kernel writes a name of the abstract namespace with a zero byte where the variable has an '@'.
            var address = new UnixDomainSocketEndPoint(name[0] == '@' ? '\0' + name[1..] : name);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTimeout = 1000;
            return socket.SendTo(Encoding.UTF8.GetBytes(message.ToString()), address) > 0;
        }
        catch (Exception e) when (e is SocketException or ArgumentException or PlatformNotSupportedException)
        {
            return false;
        }
    }
}
