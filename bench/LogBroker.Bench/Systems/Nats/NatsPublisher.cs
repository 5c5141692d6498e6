using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LogBroker.Bench.Load;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>
/// Publishes to streams and waits for their acknowledgements, over one connection to any server that is there. A message without an
/// acknowledgement is sent again with the same id, which a stream takes once: after a second, after a twentieth of one when nobody was
/// there to take it, and at once over a new connection. Messages are handed in by one thread; acknowledgements come on another.
/// </summary>
internal sealed class NatsPublisher : IDisposable
{
    private const string Hello =
        "CONNECT {\"verbose\":false,\"lang\":\"csharp\",\"version\":\"1\",\"headers\":true,\"no_responders\":true}\r\n";

    private const int ReceiveBytes = 64 * 1024;
    private static readonly TimeSpan AckWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RefusedWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ConnectPause = TimeSpan.FromMilliseconds(10);

    private readonly IReadOnlyList<int> _ports;
    private readonly Action<PendingMessage> _onAck;
    private readonly string _idPrefix = Guid.NewGuid().ToString("N")[..8];
    private readonly Lock _lock = new();
    private readonly Dictionary<long, PendingMessage> _pending = [];
    private readonly ManualResetEventSlim _stopped = new();
    private readonly Thread _reader;
    private readonly Thread _retrier;
    private Socket? _socket;
    private long _next;

    /// <param name="ports">Of all servers, on loopback.</param>
    /// <param name="onAck">Called on the reading thread: quick, and without exceptions.</param>
    public NatsPublisher(IReadOnlyList<int> ports, Action<PendingMessage> onAck)
    {
        _ports = ports;
        _onAck = onAck;
        _reader = new Thread(ReadAll) { IsBackground = true, Name = "nats-acks" };
        _retrier = new Thread(RetryAll) { IsBackground = true, Name = "nats-retry" };
        _reader.Start();
        _retrier.Start();
    }

    /// <summary>Messages that are not acknowledged.</summary>
    public int PendingCount
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>Hands a message over. The value is kept until it is acknowledged and must not change.</summary>
    public void Publish(string subject, int partition, long dueTicks, byte[] value)
    {
        lock (_lock)
        {
            long number = _next++;
            string header = $"NATS/1.0\r\nNats-Msg-Id: {_idPrefix}{number}\r\n\r\n";
            string head = string.Create(
                CultureInfo.InvariantCulture,
                $"HPUB {subject} _INBOX.acks.{number} {header.Length} {header.Length + value.Length}\r\n{header}");
            byte[] frame = [.. Encoding.ASCII.GetBytes(head), .. value, (byte)'\r', (byte)'\n'];
            var message = new PendingMessage(partition, dueTicks, frame) { RetryTicks = After(AckWait) };
            _pending.Add(number, message);
            Send(message);
        }
    }

    public void Dispose()
    {
        _stopped.Set();
        lock (_lock)
        {
            _socket?.Dispose();
        }

        _reader.Join();
        _retrier.Join();
        _stopped.Dispose();
    }

    /// <summary>What an answer says: true for an acknowledgement, false for a refusal.</summary>
    internal static bool IsAck(ReadOnlySpan<byte> payload) => payload.IndexOf("\"seq\":"u8) >= 0 && payload.IndexOf("\"error\""u8) < 0;

    private static long After(TimeSpan time) => Stopwatch.GetTimestamp() + MeasuredSpan.TicksOf(time);

    /// <summary>Within the lock. A send that fails is made good by the next connection.</summary>
    private void Send(PendingMessage message)
    {
        try
        {
            _socket?.Send(message.Frame);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _socket = null;
        }
    }

    private void RetryAll()
    {
        while (!_stopped.Wait(RetryInterval))
        {
            long now = Stopwatch.GetTimestamp();
            lock (_lock)
            {
                foreach (PendingMessage message in _pending.Values.Where(m => m.RetryTicks <= now).OrderBy(m => m.DueTicks))
                {
                    message.RetryTicks = After(AckWait);
                    Send(message);
                }
            }
        }
    }

    private void ReadAll()
    {
        for (int turn = 0; !_stopped.IsSet; turn++)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Connect(IPAddress.Loopback, _ports[turn % _ports.Count]);
                Introduce(socket);
                using var stream = new BufferedStream(new NetworkStream(socket), ReceiveBytes);
                while (ReadOne(socket, stream))
                {
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                // The next server may be there.
            }

            lock (_lock)
            {
                _socket = null;
            }

            _stopped.Wait(ConnectPause);
        }
    }

    private void Introduce(Socket socket)
    {
        socket.Send(Encoding.ASCII.GetBytes(Hello + "SUB _INBOX.acks.* 1\r\n"));
        lock (_lock)
        {
            _socket = socket;
            foreach (PendingMessage message in _pending.Values.OrderBy(m => m.DueTicks))
            {
                message.RetryTicks = After(AckWait);
                Send(message);
            }
        }
    }

    /// <summary>False at the end of the stream.</summary>
    private bool ReadOne(Socket socket, BufferedStream stream)
    {
        if (ReadLine(stream) is not { } line)
        {
            return false;
        }

        string[] words = line.Split(' ');
        switch (words[0])
        {
            case "MSG" or "HMSG":
                byte[] payload = new byte[int.Parse(words[^1], CultureInfo.InvariantCulture)];
                stream.ReadExactly(payload);
                ReadLine(stream);
                Answered(words[1], payload);
                return true;
            case "PING":
                lock (_lock)
                {
                    socket.Send("PONG\r\n"u8);
                }

                return true;
            case "-ERR":
                return false;
            default:
                return true;
        }
    }

    private void Answered(string subject, byte[] payload)
    {
        long number = long.Parse(subject.AsSpan(subject.LastIndexOf('.') + 1), CultureInfo.InvariantCulture);
        PendingMessage? message;
        lock (_lock)
        {
            if (!_pending.TryGetValue(number, out message))
            {
                return; // a second answer, to a message that was sent twice
            }

            if (!IsAck(payload))
            {
                message.RetryTicks = After(RefusedWait);
                return;
            }

            _pending.Remove(number);
        }

        _onAck(message);
    }

    private static string? ReadLine(BufferedStream stream)
    {
        var line = new StringBuilder();
        int one;
        while ((one = stream.ReadByte()) >= 0)
        {
            if (one == '\n')
            {
                return line.ToString();
            }

            if (one != '\r')
            {
                line.Append((char)one);
            }
        }

        return null;
    }

    /// <summary>A message on its way.</summary>
    /// <param name="partition">Whatever the caller calls so.</param>
    /// <param name="dueTicks">When it was to be handed over.</param>
    /// <param name="frame">As it stands on the wire.</param>
    internal sealed class PendingMessage(int partition, long dueTicks, byte[] frame)
    {
        public int Partition => partition;

        public long DueTicks => dueTicks;

        public byte[] Frame => frame;

        public long RetryTicks { get; set; }
    }
}
