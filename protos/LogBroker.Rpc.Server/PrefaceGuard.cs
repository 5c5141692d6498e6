using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Looks at the first bytes of each connection before Kestrel does: who does not begin with HTTP/2's preface (RFC 9113 §3.4)
/// within the handshake timeout is closed. Without it a silent connection would live as long as an idle one. Thread-safe.
/// </summary>
internal sealed class PrefaceGuard(GrpcServerOptions options, ILogger logger)
{
    private readonly PeriodicLine _refusals = new(TimeSpan.FromSeconds(10), options.TimeProvider);

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Http1Answer =>
        "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Http1Text => "This port speaks gRPC: HTTP/2 with prior knowledge only.\r\n"u8;

    public ConnectionDelegate Wrap(ConnectionDelegate next) => connection => GuardAsync(connection, next);

    private async Task GuardAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var input = connection.Transport.Input;
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(timeout.Token);
                var verdict = Look(result.Buffer);
                if (verdict == Verdict.Good)
                {
                    input.AdvanceTo(result.Buffer.Start);
                    break;
                }
                if (verdict == Verdict.Bad || result.IsCompleted)
                {
                    if (!result.Buffer.IsEmpty)
                        await RefuseAsync(connection, result.Buffer);
                    return;
                }
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            LogRefusal(connection, $"no HTTP/2 preface within {options.HandshakeTimeout.TotalSeconds} s");
            connection.Abort(new ConnectionAbortedException("No HTTP/2 preface within the handshake timeout."));
            return;
        }
        catch (IOException)
        {
            return;
        }
        await next(connection);
    }

    private static Verdict Look(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[Preface.Length];
        var length = (int)Math.Min(buffer.Length, Preface.Length);
        buffer.Slice(0, length).CopyTo(start);
        if (!Preface.StartsWith(start[..length]))
            return Verdict.Bad;
        return length == Preface.Length ? Verdict.Good : Verdict.Open;
    }

    private async Task RefuseAsync(ConnectionContext connection, ReadOnlySequence<byte> buffer)
    {
        var first = Encoding.Latin1.GetString(buffer.Slice(0, Math.Min(buffer.Length, 256)).ToArray());
        LogRefusal(connection, $"begins with '{Escaped.Cut(first)}'");
        if (first.Contains(" HTTP/1.", StringComparison.Ordinal))
        {
            connection.Transport.Output.Write(Http1Answer);
            connection.Transport.Output.Write(Http1Text);
            await connection.Transport.Output.FlushAsync();
        }
    }

    private void LogRefusal(ConnectionContext connection, string reason)
    {
        if (_refusals.TryTake(out var suppressed))
            Log.NotGrpc(logger, connection.RemoteEndPoint?.ToString() ?? "unknown", reason, suppressed, _refusals.Seconds);
    }

    private enum Verdict
    {
        Open,
        Good,
        Bad,
    }
}
