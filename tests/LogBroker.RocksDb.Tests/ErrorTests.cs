namespace LogBroker.RocksDb.Tests;

public sealed class ErrorTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly DbOptions _options = new DbOptions().SetCreateIfMissing();

    public void Dispose()
    {
        _options.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_missing_database_is_an_error_unless_it_may_be_created()
    {
        using var options = new DbOptions();
        var error = Assert.Throws<RocksDbException>(() => RocksDb.Open(options, _directory["db"]));
        Assert.Equal(RocksDbErrorKind.InvalidArgument, error.Kind);
        Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_no_database()
    {
        File.WriteAllText(_directory["file"], "text");
        var error = Assert.Throws<RocksDbException>(() => RocksDb.Open(_options, _directory["file"]));
        Assert.Equal(RocksDbErrorKind.Io, error.Kind);
        Assert.Contains(_directory["file"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_CURRENT_is_named()
    {
        RocksDb.Open(_options, _directory["db"]).Dispose();
        File.WriteAllText(Path.Combine(_directory["db"], "CURRENT"), "nonsense");
        var error = Assert.Throws<RocksDbException>(() => RocksDb.Open(_options, _directory["db"]));
        Assert.Equal(RocksDbErrorKind.Corruption, error.Kind);
        Assert.Contains("CURRENT", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_open_is_refused()
    {
        using var db = RocksDb.Open(_options, _directory["db"]);
        var error = Assert.Throws<RocksDbException>(() => RocksDb.Open(_options, _directory["db"]));
        Assert.Equal(RocksDbErrorKind.Io, error.Kind);
        Assert.Contains("lock", error.Message, StringComparison.OrdinalIgnoreCase);
        using var refuse = new DbOptions().SetErrorIfExists();
        db.Dispose();
        error = Assert.Throws<RocksDbException>(() => RocksDb.Open(refuse, _directory["db"]));
        Assert.Contains("exists", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_family_left_out_is_named()
    {
        using (var db = RocksDb.Open(_options, _directory["db"]))
            db.CreateColumnFamily(new ColumnFamilyOptions(), "left-out");
        var error = Assert.Throws<RocksDbException>(() => RocksDb.Open(_options, _directory["db"]));
        Assert.Contains("left-out", error.Message, StringComparison.Ordinal);
        using var missing = new DbOptions();
        error = Assert.Throws<RocksDbException>(() =>
            RocksDb.Open(missing, _directory["db"], new ColumnFamilies { { "left-out", null }, { "never-made", null } }));
        Assert.Contains("never-made", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ColumnFamilies { { "default", null } });
    }

    [Fact]
    public void After_dispose_everything_says_so()
    {
        var db = RocksDb.Open(_options, _directory["db"]);
        var family = db.DefaultColumnFamily;
        using var batch = new WriteBatch();
        db.Dispose();
        db.Dispose();
        Assert.Throws<ObjectDisposedException>(() => db.Get("k"u8));
        Assert.Throws<ObjectDisposedException>(() => db.HasKey("k"u8, family));
        Assert.Throws<ObjectDisposedException>(() => db.Put("k"u8, "v"u8));
        Assert.Throws<ObjectDisposedException>(() => db.Delete("k"u8, family));
        Assert.Throws<ObjectDisposedException>(() => db.Write(batch));
        Assert.Throws<ObjectDisposedException>(() => db.NewIterator());
        Assert.Throws<ObjectDisposedException>(() => db.Checkpoint());
        Assert.Throws<ObjectDisposedException>(() => db.Flush());
        Assert.Throws<ObjectDisposedException>(() => db.FlushWal(sync: true));
        Assert.Throws<ObjectDisposedException>(() => db.GetProperty("rocksdb.stats"));
        Assert.Throws<ObjectDisposedException>(() => db.CreateColumnFamily(new ColumnFamilyOptions(), "late"));
        Assert.Throws<ObjectDisposedException>(() => db.DropColumnFamily("default"));
        Assert.Throws<ObjectDisposedException>(() => batch.Put("k"u8, "v"u8, family));
    }

    [Fact]
    public void Disposed_parts_say_so_too()
    {
        using var db = RocksDb.Open(_options, _directory["db"]);
        var batch = new WriteBatch();
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => batch.Clear());
        Assert.Throws<ObjectDisposedException>(() => db.Write(batch));
        var write = new WriteOptions();
        write.Dispose();
        Assert.Throws<ObjectDisposedException>(() => db.Put("k"u8, "v"u8, options: write));
        var read = new ReadOptions();
        read.Dispose();
        Assert.Throws<ObjectDisposedException>(() => db.Get("k"u8, options: read));
        Assert.Throws<ObjectDisposedException>(() => db.NewIterator(options: read));
        Assert.Throws<ObjectDisposedException>(() => read.SetFillCache(true));
        var iterator = db.NewIterator();
        iterator.Dispose();
        Assert.Throws<ObjectDisposedException>(() => iterator.SeekToFirst());
        Assert.Throws<ObjectDisposedException>(() => iterator.Valid);
        var checkpoint = db.Checkpoint();
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => checkpoint.Save(_directory["copy"]));
    }

    [Fact]
    public void An_iterator_keeps_the_database_until_it_is_disposed()
    {
        var db = RocksDb.Open(_options, _directory["db"]);
        db.Put("k"u8, "v"u8);
        var iterator = db.NewIterator();
        db.Dispose();
        Assert.Equal("v"u8.ToArray(), iterator.SeekToFirst().Value.ToArray());
        Assert.Throws<RocksDbException>(() => RocksDb.Open(_options, _directory["db"]));
        iterator.Dispose();
        RocksDb.Open(_options, _directory["db"]).Dispose();
    }

    [Fact]
    public void A_column_family_of_another_database_is_refused()
    {
        using var one = RocksDb.Open(_options, _directory["one"]);
        using var two = RocksDb.Open(_options, _directory["two"]);
        var error = Assert.Throws<ArgumentException>(() => one.Put("k"u8, "v"u8, two.DefaultColumnFamily));
        Assert.Contains("default", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_while_others_read_ends_in_the_exception_and_nothing_worse()
    {
        var db = RocksDb.Open(_options, _directory["db"]);
        db.Put("k"u8, new byte[10_000]);
        using var reading = new CountdownEvent(4);
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            db.Get("k"u8);
            reading.Signal();
            while (true)
            {
                using var iterator = db.NewIterator();
                Assert.Equal(10_000, iterator.SeekToFirst().Value.Length);
                Assert.Equal(10_000, db.Get("k"u8)!.Length);
            }
        })).ToArray();
        Assert.True(reading.Wait(TimeSpan.FromSeconds(30)));
        db.Dispose();
        foreach (var reader in readers)
            await Assert.ThrowsAsync<ObjectDisposedException>(() => reader.WaitAsync(TimeSpan.FromSeconds(30)));
        RocksDb.Open(_options, _directory["db"]).Dispose();
    }
}
