"""How each fact is observed. A public function in here provides the class it returns."""
