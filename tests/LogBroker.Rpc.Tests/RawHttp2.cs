using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LogBroker.Rpc.Tests;

/// <summary>A bare socket that can speak just enough HTTP/2 (RFC 9113, 7541) to misbehave on purpose.</summary>
internal sealed class RawHttp2 : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte RstStream = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte Continuation = 9;
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;
    private readonly CancellationTokenSource _deadline = new(Patience);

    private RawHttp2(Socket socket) => _socket = socket;

    /// <summary>Only a TCP connection.</summary>
    public static async Task<RawHttp2> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new RawHttp2(socket);
    }

    /// <summary>A connection that has said the preface and its settings.</summary>
    public static async Task<RawHttp2> OpenAsync(int port)
    {
        var connection = await ConnectAsync(port);
        await connection.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await connection.SendFrameAsync(Settings, 0, 0, []);
        return connection;
    }

    public async Task SendAsync(byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
            sent += await _socket.SendAsync(bytes.AsMemory(sent), _deadline.Token);
    }

    public Task SendFrameAsync(byte type, byte flags, int stream, byte[] payload) => SendAsync(Frame(type, flags, stream, payload));

    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>The header block of a gRPC request, with further headers.</summary>
    public static byte[] RequestHeaders(string path, params (string Name, string Value)[] further)
    {
        var block = new MemoryStream();
        (string Name, string Value)[] usual =
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ];
        foreach (var (name, value) in usual.Concat(further))
        {
            block.WriteByte(0);
            WriteText(block, name);
            WriteText(block, value);
        }
        return block.ToArray();
    }

    /// <summary>A gRPC message with any prefix.</summary>
    public static byte[] Message(byte flag, uint length, byte[] body)
    {
        var message = new byte[5 + body.Length];
        message[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), length);
        body.CopyTo(message, 5);
        return message;
    }

    /// <summary>The next frame; null at the end of the connection.</summary>
    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)?> ReadFrameAsync()
    {
        var head = await ReadAsync(9);
        if (head.Length < 9)
            return null;
        var payload = await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(head) >>> 8);
        return (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload);
    }

    /// <summary>Reads until a frame fits; null at the end of the connection.</summary>
    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)?> ReadUntilAsync(Func<byte, byte, int, bool> fits)
    {
        while (await ReadFrameAsync() is { } frame)
        {
            if (fits(frame.Type, frame.Flags, frame.Stream))
                return frame;
        }
        return null;
    }

    /// <summary>Everything up to the end of the connection; a reset counts as an end.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        var all = new MemoryStream();
        while (true)
        {
            var piece = await ReadAsync(4096);
            all.Write(piece);
            if (piece.Length < 4096)
                return all.ToArray();
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _deadline.Dispose();
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        var length = 0;
        try
        {
            while (length < count)
            {
                var read = await _socket.ReceiveAsync(bytes.AsMemory(length), _deadline.Token);
                if (read == 0)
                    break;
                length += read;
            }
        }
        catch (SocketException)
        {
            // Cut off by the server.
        }
        return bytes[..length];
    }

    private static void WriteText(MemoryStream block, string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        if (bytes.Length < 127)
        {
            block.WriteByte((byte)bytes.Length);
        }
        else
        {
            block.WriteByte(127);
            var rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
                block.WriteByte((byte)(rest % 128 + 128));
            block.WriteByte((byte)rest);
        }
        block.Write(bytes);
    }
}
