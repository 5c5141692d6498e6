using System.Text;

namespace LogBroker.RocksDb.Tests;

public sealed class ReadWriteTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly DbOptions _options = new DbOptions().SetCreateIfMissing().SetCreateMissingColumnFamilies();

    public void Dispose()
    {
        _options.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_value_comes_back_and_is_gone_after_delete()
    {
        using var db = RocksDb.Open(_options, _directory["db"]);
        Assert.Null(db.Get("key"u8));
        db.Put("key"u8, "value"u8);
        Assert.Equal("value"u8.ToArray(), db.Get("key"u8));
        Assert.True(db.HasKey("key"u8));
        db.Put("key"u8, "other"u8);
        Assert.Equal("other"u8.ToArray(), db.Get("key"u8));
        db.Delete("key"u8);
        Assert.Null(db.Get("key"u8));
        Assert.False(db.HasKey("key"u8));
        db.Delete("key"u8);
    }

    [Fact]
    public void Empty_keys_and_values_are_keys_and_values()
    {
        using var db = RocksDb.Open(_options, _directory["db"]);
        db.Put([], "of the empty key"u8);
        db.Put("empty value"u8, []);
        Assert.Equal("of the empty key"u8.ToArray(), db.Get([]));
        Assert.Empty(Assert.IsType<byte[]>(db.Get("empty value"u8)));
        using var batch = new WriteBatch().Delete([], db.DefaultColumnFamily).Put("k"u8, default, db.DefaultColumnFamily);
        db.Write(batch);
        Assert.Null(db.Get([]));
        Assert.Empty(Assert.IsType<byte[]>(db.Get("k"u8)));
    }

    [Fact]
    public void A_large_value_comes_back_from_memory_and_from_a_file()
    {
        using var db = RocksDb.Open(_options, _directory["db"]);
        var value = new byte[3_000_000];
        new Random(1).NextBytes(value);
        db.Put("large"u8, value);
        Assert.Equal(value, db.Get("large"u8));
        db.Flush();
        Assert.Equal(value, db.Get("large"u8));
    }

    [Fact]
    public void TryGet_shows_the_value_in_place()
    {
        using var db = RocksDb.Open(_options, _directory["db"]);
        db.Put("key"u8, "value"u8);
        var seen = new List<string>();
        Assert.True(db.TryGet("key"u8, seen, static (value, seen) => seen.Add(Encoding.ASCII.GetString(value))));
        Assert.False(db.TryGet("none"u8, seen, static (_, seen) => seen.Add("never")));
        Assert.Equal(["value"], seen);
    }

    [Fact]
    public void A_value_being_shown_outlives_a_dispose_from_within()
    {
        var db = RocksDb.Open(_options, _directory["db"]);
        db.Put("key"u8, "value"u8);
        db.Flush();
        var result = new byte[5];
        Assert.True(db.TryGet("key"u8, (db, result), static (value, state) =>
        {
            state.db.Dispose();
            value.CopyTo(state.result);
        }));
        Assert.Equal("value"u8.ToArray(), result);
        Assert.Throws<ObjectDisposedException>(() => db.Get("key"u8));
        using var again = RocksDb.Open(_options, _directory["db"]);
        Assert.True(again.HasKey("key"u8));
    }

    [Fact]
    public void Column_families_are_apart_and_are_listed()
    {
        var uncompressed = new ColumnFamilyOptions().SetCompression(Compression.None);
        var families = new ColumnFamilies { { "log-starts", null }, { "hard-state", uncompressed } };
        using (var db = RocksDb.Open(_options, _directory["db"], families))
        {
            var starts = db.GetColumnFamily("log-starts");
            var state = db.GetColumnFamily("hard-state");
            db.Put("k"u8, "1"u8, starts);
            db.Put("k"u8, "2"u8, state);
            Assert.Null(db.Get("k"u8));
            Assert.Equal("1"u8.ToArray(), db.Get("k"u8, starts));
            Assert.Equal("2"u8.ToArray(), db.Get("k"u8, state));
            db.Delete("k"u8, state);
            Assert.True(db.HasKey("k"u8, starts));
            Assert.Throws<KeyNotFoundException>(() => db.GetColumnFamily("none"));

            var added = db.CreateColumnFamily(new ColumnFamilyOptions(), "added");
            db.Put("k"u8, "3"u8, added);
            Assert.Same(added, db.GetColumnFamily("added"));
        }

        Assert.Equal(["default", "log-starts", "hard-state", "added"], RocksDb.ListColumnFamilies(_options, _directory["db"]));
        families.Add("added");
        using (var db = RocksDb.Open(_options, _directory["db"], families))
        {
            Assert.Equal("3"u8.ToArray(), db.Get("k"u8, db.GetColumnFamily("added")));
            Assert.Equal("1"u8.ToArray(), db.Get("k"u8, db.GetColumnFamily("log-starts")));
            db.DropColumnFamily("added");
            Assert.Throws<KeyNotFoundException>(() => db.GetColumnFamily("added"));
        }

        Assert.Equal(["default", "log-starts", "hard-state"], RocksDb.ListColumnFamilies(_options, _directory["db"]));
    }

    [Fact]
    public void A_batch_is_carried_out_in_order_and_may_be_used_again()
    {
        using var db = RocksDb.Open(_options, _directory["db"], new ColumnFamilies { { "other", null } });
        var other = db.GetColumnFamily("other");
        using var synced = new WriteOptions().SetSync(true);
        using var batch = new WriteBatch();
        Assert.Equal(0, batch.Count);
        var emptyBytes = batch.DataBytes;
        batch.Put("a"u8, "1"u8, db.DefaultColumnFamily).Put("a"u8, "2"u8, db.DefaultColumnFamily);
        batch.Put("b"u8, "1"u8, other).Delete("b"u8, other).Put("c"u8, "1"u8, other);
        Assert.Equal(5, batch.Count);
        Assert.True(batch.DataBytes > emptyBytes);
        Assert.Null(db.Get("a"u8));

        db.Write(batch, synced);
        Assert.Equal("2"u8.ToArray(), db.Get("a"u8));
        Assert.Null(db.Get("b"u8, other));
        Assert.Equal("1"u8.ToArray(), db.Get("c"u8, other));

        batch.Clear();
        Assert.Equal(0, batch.Count);
        batch.DeleteRange("a"u8, "c"u8, other).Put("b2"u8, "1"u8, db.DefaultColumnFamily);
        db.Put("b"u8, "x"u8, other);
        db.Write(batch, synced);
        Assert.Null(db.Get("b"u8, other));
        Assert.True(db.HasKey("c"u8, other));
        Assert.True(db.HasKey("b2"u8));
    }

    [Fact]
    public void A_checkpoint_opens_and_holds_what_was_written_before_it()
    {
        using var db = RocksDb.Open(_options, _directory["db"], new ColumnFamilies { { "other", null } });
        db.Put("before"u8, "1"u8, db.GetColumnFamily("other"));
        using (var checkpoint = db.Checkpoint())
        {
            checkpoint.Save(_directory["copy"]);
            db.Put("after"u8, "1"u8, db.GetColumnFamily("other"));
            var exists = Assert.Throws<RocksDbException>(() => checkpoint.Save(_directory["copy"]));
            Assert.Contains("exists", exists.Message, StringComparison.OrdinalIgnoreCase);
        }

        using var copy = RocksDb.Open(_options, _directory["copy"], new ColumnFamilies { { "other", null } });
        Assert.True(copy.HasKey("before"u8, copy.GetColumnFamily("other")));
        Assert.False(copy.HasKey("after"u8, copy.GetColumnFamily("other")));
    }

    [Fact]
    public void Properties_are_text()
    {
        using var db = RocksDb.Open(_options, _directory["db"]);
        db.Put("k"u8, "v"u8);
        Assert.Equal("1", db.GetProperty("rocksdb.estimate-num-keys"));
        Assert.Null(db.GetProperty("rocksdb.no-such-property"));
        db.FlushWal(sync: true);
    }
}
