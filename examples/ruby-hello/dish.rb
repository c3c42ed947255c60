# One line of the menu.
Dish = Struct.new(:name, :price, keyword_init: true) do
  def to_s
    format('%-22s %6.2f', name, price)
  end
end
