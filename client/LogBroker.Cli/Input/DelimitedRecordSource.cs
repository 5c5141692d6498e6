using System.Text;
using System.Text.RegularExpressions;
using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>One record per piece of the input between delimiters; the key comes from <c>-k</c>, <c>-K</c> or <c>--key-regex</c>.</summary>
internal sealed class DelimitedRecordSource(ChunkReader chunks, RecordTemplate template, byte[]? keyDelimiter, Regex? keyRegex)
    : IRecordSource
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public long BytesRead => chunks.BytesRead;

    /// <summary>Compiles <c>--key-regex</c>: ^ and $ match at lines.</summary>
    /// <exception cref="CliException">It is no regular expression.</exception>
    public static Regex CompileKeyRegex(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant, MatchTimeout);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"--key-regex: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ProducerRecord?> ReadAsync(CancellationToken ct) =>
        await chunks.ReadAsync(ct).ConfigureAwait(false) is { } piece ? Record(piece) : null;

    private ProducerRecord Record(ReadOnlyMemory<byte> piece)
    {
        // A bare `null` would become an empty key: arrays convert to memory, and so does a null one.
        ReadOnlyMemory<byte>? key = template.Key is { } fixedKey ? fixedKey : default(ReadOnlyMemory<byte>?);
        ReadOnlyMemory<byte>? value = piece;
        if (keyDelimiter is not null)
        {
            int at = piece.Span.IndexOf(keyDelimiter);
            if (at < 0)
            {
                throw CliException.Usage(
                    $"record {chunks.Count} has no key delimiter: {Start(piece)}", "-K says what stands between key and value");
            }

            key = piece[..at];
            value = piece[(at + keyDelimiter.Length)..];
        }
        else if (keyRegex is not null)
        {
            key = Match(keyRegex, piece);
        }
        else if (template.IsTombstone && key is null)
        {
            key = piece;
        }

        return new ProducerRecord(key, template.IsTombstone ? null : value) { Partition = template.Partition, Headers = template.Headers };
    }

    private byte[] Match(Regex regex, ReadOnlyMemory<byte> piece)
    {
        try
        {
            Match match = regex.Match(Encoding.UTF8.GetString(piece.Span));
            return match.Success
                ? Encoding.UTF8.GetBytes(match.Groups[match.Groups.Count > 1 ? 1 : 0].Value)
                : throw CliException.Usage($"record {chunks.Count} does not match --key-regex: {Start(piece)}");
        }
        catch (RegexMatchTimeoutException)
        {
            throw CliException.Usage($"record {chunks.Count}: --key-regex took longer than a second", "make the expression simpler");
        }
    }

    private static string Start(ReadOnlyMemory<byte> piece)
    {
        string text = OutputText.Visible(Encoding.UTF8.GetString(piece.Span[..Math.Min(64, piece.Length)]));
        return $"'{text}{(piece.Length > 64 ? "…" : "")}'";
    }
}

/// <summary>A single record that needs no input: <c>produce TOPIC -k KEY --tombstone</c>.</summary>
internal sealed class SingleRecordSource(ProducerRecord record) : IRecordSource
{
    private bool _isRead;

    /// <inheritdoc/>
    public long BytesRead => 0;

    /// <inheritdoc/>
    public ValueTask<ProducerRecord?> ReadAsync(CancellationToken ct)
    {
        bool wasRead = _isRead;
        _isRead = true;
        return ValueTask.FromResult<ProducerRecord?>(wasRead ? null : record);
    }
}
