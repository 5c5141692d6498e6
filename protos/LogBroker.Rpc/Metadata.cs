using System.Collections;

namespace LogBroker.Rpc;

/// <summary>
/// The headers or trailers of a call, in order; a key may occur more than once. Keys are lower-case letters, digits and
/// <c>-_.</c>; those ending in <c>-bin</c> carry bytes, all others printable ASCII (0x20 to 0x7e). Not thread-safe.
/// </summary>
public sealed class Metadata : IReadOnlyList<Metadata.Entry>
{
    private List<Entry>? _entries;

    /// <summary>Metadata without entries. Do not add to it.</summary>
    internal static Metadata None { get; } = new();

    /// <inheritdoc/>
    public int Count => _entries?.Count ?? 0;

    /// <inheritdoc/>
    public Entry this[int index] =>
        _entries is { } entries ? entries[index] : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>Adds a text value.</summary>
    /// <exception cref="ArgumentException">Key or value has characters that cannot travel, or the key ends in <c>-bin</c>.</exception>
    public void Add(string key, string value) => Add(new Entry(key, value));

    /// <summary>Adds bytes; the key must end in <c>-bin</c>.</summary>
    /// <exception cref="ArgumentException">The key has characters that cannot travel, or does not end in <c>-bin</c>.</exception>
    public void Add(string key, byte[] value) => Add(new Entry(key, value));

    /// <summary>Adds an entry.</summary>
    public void Add(Entry entry) => (_entries ??= []).Add(entry);

    /// <summary>The last value of a text key; null if absent or binary.</summary>
    public string? GetValue(string key) => Last(key) is { IsBinary: false } entry ? entry.Value : null;

    /// <summary>The last value of a <c>-bin</c> key; null if absent.</summary>
    public byte[]? GetValueBytes(string key) => Last(key) is { IsBinary: true } entry ? entry.ValueBytes : null;

    /// <summary>All entries of a key, in order.</summary>
    public IEnumerable<Entry> GetAll(string key)
    {
        foreach (var entry in this)
        {
            if (string.Equals(entry.Key, key, StringComparison.OrdinalIgnoreCase))
                yield return entry;
        }
    }

    /// <inheritdoc/>
    public IEnumerator<Entry> GetEnumerator() => (_entries ?? Enumerable.Empty<Entry>()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private Entry? Last(string key)
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            if (string.Equals(_entries![i].Key, key, StringComparison.OrdinalIgnoreCase))
                return _entries[i];
        }
        return null;
    }

    /// <summary>One header or trailer. Immutable, except for the bytes that it was given.</summary>
    public sealed class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>A text value.</summary>
        public Entry(string key, string value)
        {
            Key = MetadataCoding.NormalizeKey(key);
            if (MetadataCoding.IsBinaryKey(Key))
                throw new ArgumentException($"The value of '{Key}' must be bytes.", nameof(value));
            MetadataCoding.RequireText(Key, value);
            _text = value;
        }

        /// <summary>A binary value.</summary>
        public Entry(string key, byte[] value)
        {
            Key = MetadataCoding.NormalizeKey(key);
            if (!MetadataCoding.IsBinaryKey(Key))
                throw new ArgumentException($"The key of bytes must end in '-bin', '{Key}' does not.", nameof(key));
            _bytes = value;
        }

        private Entry(string key, string? text, byte[]? bytes)
        {
            Key = key;
            _text = text;
            _bytes = bytes;
        }

        /// <summary>The key, in lower case.</summary>
        public string Key { get; }

        /// <summary>True for keys that end in <c>-bin</c>.</summary>
        public bool IsBinary => _bytes is not null;

        /// <summary>The text.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _text ?? throw new InvalidOperationException($"'{Key}' is binary.");

        /// <summary>The bytes of a binary entry, or the ASCII bytes of the text.</summary>
        public byte[] ValueBytes => _bytes ?? System.Text.Encoding.ASCII.GetBytes(_text!);

        /// <inheritdoc/>
        public override string ToString() => IsBinary ? $"{Key}: {Convert.ToBase64String(_bytes!)}" : $"{Key}: {_text}";

        internal static Entry Received(string key, string text) => new(key, text, null);

        internal static Entry Received(string key, byte[] bytes) => new(key, null, bytes);
    }
}
