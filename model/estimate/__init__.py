"""What a chip costs before it is built: time, area, memory, wear, actions; each figure says where it comes from."""
