using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// Cuts a stream at a delimiter into pieces, in memory bounded by the longest piece. A delimiter at the very end ends the last piece and
/// begins none. Not thread-safe.
/// </summary>
internal sealed class ChunkReader(Stream input, byte[] delimiter, int pieceBytesMax = Limits.BatchBytesMax)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _searched;
    private int _end;
    private bool _isAtEnd;

    /// <summary>Bytes of input consumed so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Pieces returned so far.</summary>
    public long Count { get; private set; }

    /// <summary>The next piece without its delimiter, valid until the next call; null at the end.</summary>
    /// <exception cref="CliException">A piece is longer than allowed.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            int found = _buffer.AsSpan(_searched, _end - _searched).IndexOf(delimiter);
            if (found >= 0)
            {
                return Take(_searched + found, delimiter.Length);
            }

            if (_isAtEnd)
            {
                // A bare null would become an empty piece.
                return _start == _end ? default(ReadOnlyMemory<byte>?) : Take(_end, 0);
            }

            _searched = Math.Max(_start, _end - delimiter.Length + 1);
            await FillAsync(ct).ConfigureAwait(false);
        }
    }

    private ReadOnlyMemory<byte> Take(int end, int delimiterLength)
    {
        ReadOnlyMemory<byte> piece = _buffer.AsMemory(_start, end - _start);
        BytesRead += piece.Length + delimiterLength;
        _start = end + delimiterLength;
        _searched = _start;
        Count++;
        return piece;
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        int length = _end - _start;
        if (length > pieceBytesMax)
        {
            throw CliException.Usage(
                $"record {Count + 1}, at byte {BytesRead} of the input, is longer than {HumanSize.Bytes(pieceBytesMax)}",
                "is -D the right delimiter?");
        }

        if (_start > 0)
        {
            _buffer.AsSpan(_start, length).CopyTo(_buffer);
            _searched -= _start;
            _end = length;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        // A terminal or pipe cannot be interrupted while it is read: abandon the read instead.
        Task<int> reading = input.ReadAsync(_buffer.AsMemory(_end), ct).AsTask();
        int read = reading.IsCompleted ? await reading.ConfigureAwait(false) : await reading.WaitAsync(ct).ConfigureAwait(false);
        _isAtEnd = read == 0;
        _end += read;
    }
}
