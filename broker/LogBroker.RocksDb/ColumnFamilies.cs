using System.Collections;

namespace LogBroker.RocksDb;

/// <summary>
/// The column families to open a database with, in order. The family <c>default</c>, which every database has, is always among
/// them. RocksDB refuses to open a database when a family it holds is left out: <see cref="RocksDb.ListColumnFamilies"/> says
/// which there are. Not thread-safe.
/// </summary>
public sealed class ColumnFamilies : IEnumerable<KeyValuePair<string, ColumnFamilyOptions>>
{
    /// <summary>The name of the family that every database has.</summary>
    public const string DefaultName = "default";

    private readonly List<KeyValuePair<string, ColumnFamilyOptions>> _families;

    /// <summary>The family <c>default</c> alone.</summary>
    /// <param name="defaultOptions">Its options; RocksDB's own when null.</param>
    public ColumnFamilies(ColumnFamilyOptions? defaultOptions = null) =>
        _families = [new(DefaultName, defaultOptions ?? new ColumnFamilyOptions())];

    internal int Count => _families.Count;

    /// <summary>Adds a family.</summary>
    /// <exception cref="ArgumentException">The name is empty or already there.</exception>
    public void Add(string name, ColumnFamilyOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_families.Exists(family => family.Key == name))
            throw new ArgumentException($"column family '{name}' is named twice", nameof(name));
        _families.Add(new(name, options ?? new ColumnFamilyOptions()));
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, ColumnFamilyOptions>> GetEnumerator() => _families.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
