using System.Collections;
using System.Text;

namespace LogBroker.Protocol;

/// <summary>A header of a record: a name, not null and not necessarily unique, and a value that may be null.</summary>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>As the other; a null array is null. By its conversion to memory alone it would become an empty value.</summary>
    public RecordHeader(string key, byte[]? value)
        : this(key, value is null ? default(ReadOnlyMemory<byte>?) : value)
    {
    }
}

/// <summary>
/// The headers of one record, in order, read from its bytes only when asked for. Lives as long as the bytes of the batch;
/// thread-safe. Enumerating makes one string per header; <see cref="TryGet"/> makes none.
/// </summary>
public readonly struct RecordHeaders : IReadOnlyCollection<RecordHeader>
{
    private readonly ReadOnlyMemory<byte> _records;
    private readonly int _at;

    internal RecordHeaders(ReadOnlyMemory<byte> records, int at, int count)
    {
        _records = records;
        _at = at;
        Count = count;
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The value of the last header whose key has these UTF-8 bytes.</summary>
    public bool TryGet(ReadOnlySpan<byte> keyUtf8, out ReadOnlyMemory<byte>? value)
    {
        value = null;
        bool isFound = false;
        ReadOnlySpan<byte> bytes = _records.Span;
        int at = _at;
        for (int i = 0; i < Count; i++)
        {
            (BytesAt key, BytesAt found) = ReadOne(bytes, ref at);
            if (bytes.Slice(key.Start, key.Length).SequenceEqual(keyUtf8))
            {
                value = found.In(_records);
                isFound = true;
            }
        }

        return isFound;
    }

    /// <summary>Enumerates without allocating anything but the keys.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<RecordHeader> IEnumerable<RecordHeader>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static (BytesAt Key, BytesAt Value) ReadOne(ReadOnlySpan<byte> bytes, ref int at)
    {
        // The lengths were checked when the record was read.
        Invariant.Require(BytesAt.TryRead(bytes, ref at, out BytesAt key) && !key.IsNull);
        Invariant.Require(BytesAt.TryRead(bytes, ref at, out BytesAt value));
        return (key, value);
    }

    /// <summary>Walks over the headers.</summary>
    public struct Enumerator : IEnumerator<RecordHeader>
    {
        private readonly RecordHeaders _headers;
        private int _at;
        private int _left;

        internal Enumerator(RecordHeaders headers)
        {
            _headers = headers;
            _at = headers._at;
            _left = headers.Count;
        }

        /// <inheritdoc/>
        public RecordHeader Current { get; private set; }

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            _left--;
            ReadOnlySpan<byte> bytes = _headers._records.Span;
            (BytesAt key, BytesAt value) = ReadOne(bytes, ref _at);
            Current = new RecordHeader(Encoding.UTF8.GetString(bytes.Slice(key.Start, key.Length)), value.In(_headers._records));
            return true;
        }

        /// <inheritdoc/>
        public void Reset()
        {
            _at = _headers._at;
            _left = _headers.Count;
        }

        /// <inheritdoc/>
        public readonly void Dispose()
        {
        }
    }
}
